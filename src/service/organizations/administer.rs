//! What administrators do to organizations: over the interface, and by the command line. The log
//! names who did it.

use crate::domain::event::{Event, What};
use crate::domain::id::{AccountId, After, OrganizationId};
use crate::domain::organization::{Membership, MembershipState, Name, Organization, Role};
use crate::domain::search_words::SearchWords;
use crate::domain::texts::name_characters::shown;
use crate::service::administrator::{Administrator, no_such_account};
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::membership::administering::require_giver;
use crate::service::membership::begin_end::end;
use crate::service::membership::dissolve::dissolve;
use crate::service::membership::inviter::{self, ShownInvitation};
use crate::service::membership::last_owner::require_another;
use crate::service::membership::rights_of_caller::{kept_role, no_member, no_organization};
use crate::service::organizations::change::{Edit, touched, write};
use crate::service::organizations::change_member::Which;
use crate::service::organizations::create::found;
use crate::store::memberships::invitations::{self, Place};
use crate::store::memberships::{self, Member, MemberPage};
use crate::store::{accounts, organization_roles, organizations};

/// Those in whose name each of the words stands, oldest first, after one of them, at most `limit`.
///
/// # Errors
/// `INVALID_PAYLOAD` where there is no organization of that id to go on after.
pub fn search(
    kw: &Keyward,
    words: &SearchWords,
    after: Option<After>,
    limit: u32,
) -> Result<Vec<Organization>> {
    let limit = i64::from(limit);
    kw.store.read(|db| {
        let place = match after {
            None => None,
            Some(After::Place(at, id)) => Some((at, OrganizationId(id))),
            Some(After::Row(id)) => {
                let last = organizations::lookup(db, OrganizationId(id))?.ok_or_else(|| {
                    Error::payload(
                        "\"after\" is no organization, or one that is gone: begin anew without it",
                    )
                })?;
                Some((last.created_at, last.id))
            }
        };
        Ok(organizations::search(db, words, place, limit)?)
    })
}

/// By its id or its name.
///
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

/// The addresses that are invited.
pub fn invitations(kw: &Keyward, id: OrganizationId, limit: u32) -> Result<Vec<ShownInvitation>> {
    let page = invitations::InvitationPage {
        place: Place::Organization(id),
        after: None,
        limit: i64::from(limit),
        now: kw.clock.now(),
    };
    kw.store.read(|db| {
        let listed = invitations::page(db, page.clone())?;
        inviter::shown(db, listed)
    })
}

/// An organization, and how many are in it.
///
/// # Errors
/// `NOT_FOUND`.
pub fn show(kw: &Keyward, id: OrganizationId) -> Result<(Organization, i64)> {
    kw.store.read(|db| {
        let found = organizations::lookup(db, id)?.ok_or_else(no_organization)?;
        Ok((found, memberships::count_in(db, id)?))
    })
}

/// A page of its members.
///
/// # Errors
/// `NOT_FOUND`.
pub fn page(kw: &Keyward, id: OrganizationId, page: MemberPage) -> Result<Vec<Member>> {
    kw.store.read(move |db| {
        organizations::lookup(db, id)?.ok_or_else(no_organization)?;
        Ok(memberships::page(db, id, page.clone())?)
    })
}

/// # Errors
/// `CONFLICT` where another one has the name, and for an account that nobody can sign in to;
/// `NOT_FOUND` where there is no such account; `INVALID_PAYLOAD` for a guest.
pub fn add(by: impl Into<Administrator>, name: Name, owner: AccountId) -> Result<Organization> {
    let by = by.into();
    let kw = by.kw.clone();
    let id = OrganizationId(kw.entropy.random_id());
    kw.change(move |change| {
        let held = by.hold(change, owner)?;
        require_registered(change, owner)?;
        require_owner(change, owner)?;
        let made = found(change, held, (id, &name))?;
        let event = by.event(What::OrganizationCreated).of(owner);
        change.record(&event.in_organization(id))?;
        Ok(made)
    })
}

/// # Errors
/// `NOT_FOUND`; `CONFLICT` where another one has the name; `FORBIDDEN` for an API key that would lift
/// or make a demand of a second factor.
pub fn edit(by: impl Into<Administrator>, id: OrganizationId, edit: Edit) -> Result<Organization> {
    let by = by.into();
    by.require_demander(edit.factor_from.is_some())?;
    let kw = by.kw.clone();
    kw.change(move |change| {
        let members = touched(change, id, &edit)?;
        by.hold_all(change, members)?;
        let held = hold(change, id)?;
        write(change, held, &edit, |what| by.event(what))
    })
}

/// # Errors
/// `NOT_FOUND`; `FORBIDDEN` for an API key: nobody undoes it.
pub fn delete(by: impl Into<Administrator>, id: OrganizationId) -> Result<()> {
    let by = by.into();
    by.require_person()?;
    let kw = by.kw.clone();
    kw.change(move |change| {
        // Whoever joins in between is held by the deed.
        let members = memberships::accounts_in(change, id)?;
        by.hold_all(change, members)?;
        let held = hold(change, id)?;
        let event = by.event(What::OrganizationDeleted).in_organization(id);
        dissolve(change, held, &event)?;
        change.record(&event)
    })
}

/// Gives a member another role; whoever is none becomes one. What is taken away is gone within
/// a second.
///
/// # Errors
/// `NOT_FOUND`; `INVALID_PAYLOAD` for a role that members can not hold, and for a guest;
/// `CONFLICT` for the only owner; `FORBIDDEN` for an API key that would make somebody administer the
/// organization.
pub fn set_role(by: impl Into<Administrator>, which: Which, role: &str) -> Result<()> {
    let by = by.into();
    let (kw, role) = (by.kw.clone(), role.to_owned());
    kw.change(move |change| {
        let (id, account) = (which.organization, which.account);
        let held_account = by.hold(change, account)?;
        let held = hold(change, id)?;
        require_registered(change, account)?;
        let roles = organization_roles::list(change, id)?;
        let new = match Role::called(&roles, &role) {
            Some(role) => kept_role(change, held, &role.key)?,
            None => None,
        };
        let new = new.ok_or_else(|| {
            Error::payload(format!("Members can hold no role \"{}\".", shown(&role)))
        })?;
        let now = change.now;
        let member = memberships::lookup(change, id, account)?;
        let holds = member.as_ref().filter(|it| it.is_active());
        let holds = holds.and_then(|it| roles.iter().find(|role| role.key == it.role));
        let before = holds.map(|role| &role.permissions);
        require_giver(by.is_key(), before, &new.permissions)?;
        match member {
            Some(member) if member.role == new.key && member.is_active() => {
                return Ok(());
            }
            Some(member) => {
                if member.state == MembershipState::Suspended {
                    change.record(&about(&by, What::MemberResumed, which))?;
                }
                if member.role != new.key {
                    require_another(change, held, &member)?;
                    let event = about(&by, What::MemberRoleChanged, which);
                    change.record(&event.with_role(&new.name))?;
                }
                memberships::change(change, &member, (&new.key, MembershipState::Active), now)?;
            }
            None => {
                add_member(change, (held_account, held), &new)?;
                let event = about(&by, What::MemberJoined, which);
                change.record(&event.with_role(&new.name))?;
            }
        }
        change.outdate_access(account)
    })
}

/// # Errors
/// `NOT_FOUND`; `CONFLICT` for the only owner.
pub fn remove(by: impl Into<Administrator>, which: Which) -> Result<()> {
    let by = by.into();
    let kw = by.kw.clone();
    kw.change(move |change| {
        let (id, account) = (which.organization, which.account);
        by.hold(change, account)?;
        let held = hold(change, id)?;
        let member = memberships::lookup(change, id, account)?.ok_or_else(no_member)?;
        require_another(change, held, &member)?;
        memberships::remove(change, &member)?;
        let event = about(&by, What::MemberRemoved, which);
        change.record(&event)?;
        end(change, account, held, &event)
    })
}

fn about(by: &Administrator, what: What, which: Which) -> Event {
    let event = by.event(what).of(which.account);
    event.in_organization(which.organization)
}

/// By a role that is kept.
fn add_member<'t>(
    change: &mut Change<'t>,
    (account, organization): (Held<'t, AccountId>, Held<'t, OrganizationId>),
    role: &Role,
) -> Result<()> {
    let account = account.id();
    let member = Membership {
        organization: organization.id(),
        account,
        role: role.key.clone(),
        state: MembershipState::Active,
        invited: None,
        created_at: change.now,
    };
    memberships::add(change, &member, account)?
        .map_err(|_| Error::defect("a member came to an organization that is held"))
}

fn require_registered(change: &mut Change<'_>, account: AccountId) -> Result<()> {
    let account = accounts::lookup(change, account)?.ok_or_else(no_such_account)?;
    if account.anonymous {
        let words = "Guests are in no organization: they register first.";
        return Err(Error::payload(words));
    }
    Ok(())
}

/// Whoever was provisioned without a password chooses one later; nobody ever signs in to a machine's
/// account, and nobody now to one that is disabled.
fn require_owner(change: &mut Change<'_>, account: AccountId) -> Result<()> {
    let account = accounts::lookup(change, account)?.ok_or_else(no_such_account)?;
    if account.enabled && !account.machine {
        return Ok(());
    }
    let words = "That account is disabled, or a machine's: an organization begins with an owner who \
                 can sign in.";
    Err(Error::new(Code::Conflict, words))
}

fn hold<'t>(change: &mut Change<'t>, id: OrganizationId) -> Result<Held<'t, OrganizationId>> {
    change.hold_organization(id)?.ok_or_else(no_organization)
}
