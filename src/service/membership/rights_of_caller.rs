//! What the caller may do in an organization: by the database, and never by what a token says
//! (O6). It is asked of the organization that the row belongs to (O2).

use std::collections::BTreeSet;

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::{Membership, Organization, Role, Scope};
use crate::domain::rights::access::ADMIN;
use crate::domain::rights::permission::{OWN, lacking};
use crate::service::actor::Actor;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::store::{
    AnyConnection, accounts, factors, memberships, organization_roles, organizations, roles,
};
use crate::support::clock::Timestamp;

pub struct Standing {
    pub organization: Organization,
    /// What the caller's role is called; none for an administrator of the service who is no
    /// member.
    pub role: Option<String>,
    /// The roles that members may hold.
    pub roles: Vec<Role>,
    permissions: BTreeSet<String>,
    /// Which of them the caller has as an administrator of the service alone.
    lent: BTreeSet<String>,
}

/// # Errors
/// `NOT_FOUND` where there is no such organization, where the caller is no active member, or
/// where the caller's session is in another one (O1); `STEP_UP_REQUIRED` where a member lacks the
/// second factor that is asked for.
pub fn standing(db: &mut AnyConnection, actor: &Actor, id: OrganizationId) -> Result<Standing> {
    require_here(actor, id)?;
    // Before the organization is looked up: another's costs what none costs.
    let is_administrator = actor.is_let(ADMIN) && roles::access_of(db, actor.account())?.is_admin();
    let member = memberships::lookup(db, id, actor.account())?;
    let member = member.filter(Membership::is_active);
    if member.is_none() && !is_administrator {
        return Err(no_organization());
    }
    let organization = organizations::lookup(db, id)?.ok_or_else(no_organization)?;
    let roles = organization_roles::list(db, id)?;
    let is_member = member.is_some();
    let role = member.and_then(|member| roles.iter().find(|role| role.key == member.role));
    let due = organization.factor_from.into_iter();
    let due = due.chain(role.and_then(|role| role.factor_from)).min();
    if is_member
        && let Some(due) = due.filter(|due| actor.at >= *due)
        && !shows_factor(db, actor, due)?
    {
        return Err(Error::no_factor());
    }
    let mut permissions = role.map_or_else(BTreeSet::new, |role| role.permissions.clone());
    let own = permissions.clone();
    if is_administrator {
        permissions.extend(OWN.iter().map(|&word| word.to_owned()));
    }
    // What an API key was not given its account does not lend it.
    permissions.retain(|permission| actor.is_let(permission));
    Ok(Standing {
        lent: permissions.difference(&own).cloned().collect(),
        role: role.map(|role| role.name.clone()),
        organization,
        permissions,
        roles,
    })
}

/// Whether a second factor that is asked for since `due` needs not be asked of this caller: a
/// program, whoever acts for the account, or somebody who has one and showed it. A key shows none:
/// one that a person without a factor made since is no way around the demand.
fn shows_factor(db: &mut AnyConnection, actor: &Actor, due: Timestamp) -> Result<bool> {
    let claims = actor.claims();
    if claims.act.is_some() || actor.api_key().is_some_and(|key| key.created_at <= due) {
        return Ok(true);
    }
    if actor.api_key().is_none() && claims.aal < 2 {
        return Ok(false);
    }
    Ok(factors::active_of(db, actor.account())?.is_some() || is_machine(db, actor)?)
}

fn is_machine(db: &mut AnyConnection, actor: &Actor) -> Result<bool> {
    let account = accounts::lookup(db, actor.account())?;
    Ok(account.is_some_and(|account| account.machine))
}

/// The same inside a change. The caller, the accounts that the change is about and the
/// organization are held until it ends, in the one order in which all do so: the accounts by
/// their ids, the caller's session, the organization.
///
/// # Errors
/// As [`standing`]; `INVALID_TOKEN` where the caller's session is over; `STEP_UP_REQUIRED` for an
/// administrator of the service who did not show of late who they are.
pub(in crate::service) fn held_standing<'t>(
    change: &mut Change<'t>,
    actor: &Actor,
    about: &[AccountId],
    id: OrganizationId,
) -> Result<(Standing, Held<'t, OrganizationId>)> {
    // Nobody holds what is not theirs.
    standing(change, actor, id)?;
    // One that is gone has taken its memberships with it.
    change.hold_accounts(about.iter().copied().chain([actor.account()]))?;
    change.hold_caller(actor)?;
    let held = change.hold_organization(id)?;
    let held = held.ok_or_else(no_organization)?;
    let standing = standing(change, actor, id)?;
    if !standing.lent.is_empty() {
        // As the routes of administrators ask.
        actor.require_fresh(change.kw)?;
    }
    Ok((standing, held))
}

/// A session that is in one organization finds no other one (docs/decisions/0095).
///
/// # Errors
/// `NOT_FOUND`.
pub fn require_here(actor: &Actor, id: OrganizationId) -> Result<()> {
    if actor.claims().org.is_some_and(|own| own != id) {
        return Err(no_organization());
    }
    Ok(())
}

impl Standing {
    /// # Errors
    /// `FORBIDDEN`, with the permission's name.
    pub fn require(&self, permission: &str) -> Result<()> {
        if self.permissions.contains(permission) {
            return Ok(());
        }
        Err(missing(permission))
    }

    /// Whether the caller may give these to somebody, take them from somebody, or act on whoever
    /// holds them: nobody rules over whoever may do more (O4).
    ///
    /// # Errors
    /// `FORBIDDEN`, with the permission that the caller lacks.
    pub fn require_all(&self, permissions: &BTreeSet<String>) -> Result<()> {
        match lacking(&self.permissions, permissions) {
            None => Ok(()),
            Some(lacking) => Err(missing(lacking)),
        }
    }

    /// The same for what nobody undoes: a key does it by its account's membership, and never by the
    /// word `admin` (docs/decisions/0177).
    ///
    /// # Errors
    /// `FORBIDDEN`.
    pub fn require_for_good(&self, actor: &Actor, permission: &str) -> Result<()> {
        self.require(permission)?;
        if self.lent.contains(permission) {
            actor.require_person()?;
        }
        Ok(())
    }

    #[must_use]
    pub fn permissions(&self) -> &BTreeSet<String> {
        &self.permissions
    }

    /// # Errors
    /// `INVALID_PAYLOAD` where members can hold no role of that name.
    pub fn role_called(&self, name: &str) -> Result<&Role> {
        Role::called(&self.roles, name).ok_or_else(no_such_role)
    }

    /// The same, as it is from here to the end of the transaction: whoever is about to give it
    /// judges by that.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD`.
    pub(in crate::service) fn role_to_give<'t>(
        &self,
        change: &mut Change<'t>,
        organization: Held<'t, OrganizationId>,
        name: &str,
    ) -> Result<Role> {
        let key = &self.role_called(name)?.key;
        kept_role(change, organization, key)?.ok_or_else(no_such_role)
    }

    /// The role that a member holds.
    ///
    /// # Errors
    /// A defect, where there is none: the database keeps it.
    pub fn role_of(&self, member: &Membership) -> Result<&Role> {
        self.role_by_key(&member.role)
    }

    /// The role that a membership or an invitation refers to.
    ///
    /// # Errors
    /// A defect, where there is none: the database keeps it.
    pub fn role_by_key(&self, key: &str) -> Result<&Role> {
        let mut roles = self.roles.iter();
        roles
            .find(|role| role.key == key)
            .ok_or_else(|| Error::defect("a membership has a role that is not its organization's"))
    }
}

/// The role that is about to be given in the organization, as nobody changes or removes it until
/// the transaction ends. None where it is gone.
pub(in crate::service) fn kept_role<'t>(
    change: &mut Change<'t>,
    organization: Held<'t, OrganizationId>,
    key: &str,
) -> Result<Option<Role>> {
    if !organization_roles::keep(change, key, Scope::Organization)? {
        return Ok(None);
    }
    let mut all = organization_roles::list(change, organization.id())?.into_iter();
    Ok(all.find(|role| role.key == key))
}

/// The same where a row refers to the role, which so can not be gone.
///
/// # Errors
/// A defect, where it is.
pub(in crate::service) fn keep_role<'t>(
    change: &mut Change<'t>,
    organization: Held<'t, OrganizationId>,
    key: &str,
) -> Result<Role> {
    let kept = kept_role(change, organization, key)?;
    kept.ok_or_else(|| Error::defect("a role that is referred to is gone"))
}

fn no_such_role() -> Error {
    Error::payload("\"role\" is not the name of a role of this organization")
}

#[must_use]
pub fn missing(permission: &str) -> Error {
    let message = format!("This needs the permission \"{permission}\" in the organization.");
    Error::new(Code::Forbidden, message)
}

/// The same for one that is another's and one that never was (O13).
#[must_use]
pub fn no_organization() -> Error {
    Error::new(Code::NotFound, "There is no such organization.")
}

#[must_use]
pub fn no_member() -> Error {
    Error::new(
        Code::NotFound,
        "There is no such member of the organization.",
    )
}
