//! What an operator does to organizations, by the command line. The log names the operator.

use crate::domain::event::{Event, What};
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::letters::shown;
use crate::domain::organization::{Membership, Name, OWNER, Organization, State};
use crate::service::change::Change;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::membership::dissolve::dissolve;
use crate::service::membership::owners::require_another;
use crate::service::organizations::create::taken;
use crate::store::memberships::invitations::{self, Listed, Place};
use crate::store::memberships::{self, Member, Page};
use crate::store::{accounts, organization_roles, organizations};

/// By their ids, at most `limit`.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn list(kw: &Keyward, after: Option<OrganizationId>, limit: u32) -> Result<Vec<Organization>> {
    Ok(kw
        .store
        .read(|db| organizations::page(db, after, i64::from(limit)))?)
}

/// # Errors
/// `INVALID_PAYLOAD` where none is called so.
pub fn find(kw: &Keyward, text: &str) -> Result<Organization> {
    let found = kw.store.read(|db| -> crate::store::Result<_> {
        let id = match (text.parse::<OrganizationId>(), Name::parse(text)) {
            (Ok(id), _) => Some(id),
            (_, Some(name)) => organizations::find(db, &name)?,
            _ => None,
        };
        match id {
            Some(id) => organizations::lookup(db, id),
            None => Ok(None),
        }
    })?;
    found.ok_or_else(|| Error::payload(format!("There is no organization \"{}\".", shown(text))))
}

/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn members(kw: &Keyward, id: OrganizationId, limit: u32) -> Result<Vec<Member>> {
    let page = Page {
        after: None,
        limit: i64::from(limit),
    };
    Ok(kw
        .store
        .read(|db| memberships::page(db, id, page.clone()))?)
}

/// The addresses that are invited.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn invitations(kw: &Keyward, id: OrganizationId, limit: u32) -> Result<Vec<Listed>> {
    let page = invitations::Page {
        place: Place::Organization(id),
        after: None,
        limit: i64::from(limit),
        now: kw.clock.now(),
    };
    Ok(kw.store.read(|db| invitations::page(db, page.clone()))?)
}

/// # Errors
/// `CONFLICT` where another one has the name; `INVALID_PAYLOAD` where the account is gone.
pub fn add(kw: &Keyward, name: Name, owner: AccountId) -> Result<OrganizationId> {
    let id = OrganizationId(kw.entropy.random_id());
    kw.change(move |change| {
        hold_account(change, owner)?;
        let now = change.now;
        organizations::add(change, id, &name, (owner, now))?.map_err(|_| taken())?;
        let member = Membership {
            organization: id,
            account: owner,
            role: OWNER.to_owned(),
            state: State::Active,
            invited: None,
            created_at: now,
        };
        memberships::add(change, &member, owner)?
            .map_err(|_| Error::defect("a new organization has a member"))?;
        record(change, What::OrganizationCreated, owner)?;
        Ok(id)
    })
}

/// # Errors
/// `INVALID_PAYLOAD` where it is gone.
pub fn delete(kw: &Keyward, id: OrganizationId) -> Result<()> {
    kw.change(move |change| {
        for member in memberships::accounts_in(change, id)? {
            accounts::hold(change, member)?;
        }
        if !organizations::hold(change, id)? {
            return Err(Error::payload("That organization is not there any more."));
        }
        dissolve(change, id)?;
        let operator = change.kw.operator();
        change.record(&Event::new(What::OrganizationDeleted, operator))
    })
}

/// Gives a member another role; whoever is none becomes one. What is taken away is gone within
/// a second.
///
/// # Errors
/// `INVALID_PAYLOAD` for a role that members can not hold; `CONFLICT` for the only owner.
pub fn set_role(kw: &Keyward, id: OrganizationId, account: AccountId, role: &str) -> Result<()> {
    let role = role.to_owned();
    kw.change(move |change| {
        hold_account(change, account)?;
        organizations::hold(change, id)?;
        let roles = organization_roles::list(change, id)?;
        let new = roles.iter().filter(|it| it.name == role);
        let new = new.max_by_key(|it| it.organization.is_some());
        let new = new.ok_or_else(|| {
            Error::payload(format!("Members can hold no role \"{}\".", shown(&role)))
        })?;
        let now = change.now;
        if let Some(member) = memberships::lookup(change, id, account)? {
            if member.role != new.key {
                require_another(change, &member)?;
            }
            memberships::change(change, &member, (&new.key, State::Active), now)?;
        } else {
            let member = Membership {
                organization: id,
                account,
                role: new.key.clone(),
                state: State::Active,
                invited: None,
                created_at: now,
            };
            memberships::add(change, &member, account)?
                .map_err(|_| Error::busy("a member came at the same moment"))?;
        }
        change.outdate_access(account)?;
        record(change, What::MemberRoleChanged, account)
    })
}

fn hold_account(change: &mut Change<'_>, account: AccountId) -> Result<()> {
    if accounts::hold(change, account)? {
        return Ok(());
    }
    Err(Error::payload("That account is not there any more."))
}

fn record(change: &mut Change<'_>, what: What, account: AccountId) -> Result<()> {
    let operator = change.kw.operator();
    change.record(&Event::new(what, operator).of(account))
}
