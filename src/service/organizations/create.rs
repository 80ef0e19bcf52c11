//! Making an organization: whoever makes it owns it.

use crate::config::settings::registration::Makers;
use crate::domain::event::What;
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::{Membership, MembershipState, Name, OWNER, Organization};
use crate::service::actor::Actor;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::quota;
use crate::service::membership::rights_of_caller::keep_role;
use crate::store::{memberships, roles};

/// The most organizations that one account is in: whoever makes more fills the disk.
const MOST: i64 = 100;

/// # Errors
/// `FORBIDDEN` where only administrators may, and in one organization; `CONFLICT` where another one has the
/// name, or the account is in too many; `REQUESTS_EXCEEDED` after ten names that were taken.
pub fn create(kw: &Keyward, actor: &Actor, name: Name) -> Result<Organization> {
    if actor.claims().org.is_some() {
        return Err(Error::forbidden(
            "This session is in one organization, and makes no other: sign in without one.",
        ));
    }
    let asker = actor.clone();
    if !kw.change(move |change| quota::may_ask_for_name(change, asker.account(), &asker.client))? {
        return Err(asked_too_often());
    }
    let actor = actor.clone();
    let id = OrganizationId(kw.entropy.random_id());
    kw.change(move |change| {
        let caller = change.hold_caller(&actor)?;
        if change.kw.policy.registration.makers == Makers::Administrators
            && !roles::access_of(change, actor.account())?.is_admin()
        {
            return Err(Error::forbidden(
                "Making an organization needs the permission \"admin\" here.",
            ));
        }
        if memberships::count_of(change, actor.account())? >= MOST {
            return Err(Error::new(
                Code::Conflict,
                "This account is in 100 organizations, which is the most: leave one first.",
            ));
        }
        let made = found(change, caller.account, (id, &name))?;
        quota::was_told_nothing(change, actor.account(), &actor.client)?;
        change.record(&actor.event(What::OrganizationCreated).in_organization(id))?;
        Ok(made)
    })
}

/// Writes an organization with its first owner.
///
/// # Errors
/// `CONFLICT` where another one has the name.
pub(in crate::service::organizations) fn found<'t>(
    change: &mut Change<'t>,
    owner: Held<'t, AccountId>,
    (id, name): (OrganizationId, &Name),
) -> Result<Organization> {
    let now = change.now;
    let held = change.add_organization(owner, (id, name))?;
    keep_role(change, held.ok_or_else(taken)?, OWNER)?;
    let owner = owner.id();
    let member = Membership {
        organization: id,
        account: owner,
        role: OWNER.to_owned(),
        state: MembershipState::Active,
        invited: None,
        created_at: now,
    };
    memberships::add(change, &member, owner)?
        .map_err(|_| Error::defect("a new organization has a member"))?;
    Ok(Organization {
        id,
        name: name.written().to_owned(),
        created_at: now,
        updated_at: now,
        factor_from: None,
    })
}

/// Names of organizations are names of customers: as usernames they are counted before anybody looks
/// whose they are, and one that was free is given back (docs/decisions/0178).
pub(in crate::service::organizations) fn asked_too_often() -> Error {
    let words = "Too many names that are taken were asked for within an hour.";
    Error::wait(Code::RequestsExceeded, words, 3600)
}

pub(in crate::service::organizations) fn taken() -> Error {
    Error::new(Code::Conflict, "Another organization has that name.")
}
