//! The caller's organizations, and who is in one of them.

use crate::domain::id::OrganizationId;
use crate::domain::organization::State;
use crate::domain::permission::{MEMBER_READ, ORGANIZATION_READ};
use crate::service::actor::{Actor, account_of};
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::service::membership::standing::{Standing, missing, standing};
use crate::store::memberships::{self, Member, Own, Page};

/// Those that the caller is in or invited to, in the order of their coming.
///
/// # Errors
/// `INVALID_TOKEN` where the account is gone or disabled; `FORBIDDEN` for an API key without the
/// permission.
pub fn mine(kw: &Keyward, actor: &Actor) -> Result<Vec<Own>> {
    let account = account_of(kw, actor)?;
    if !actor.is_let(ORGANIZATION_READ) {
        return Err(missing(ORGANIZATION_READ));
    }
    // A key that is good in one organization knows no other. Nobody but a person is invited.
    let knows = |organization: OrganizationId, state: State| match actor.api_key() {
        None => true,
        Some(key) => state == State::Active && key.organization.is_none_or(|it| it == organization),
    };
    kw.store.read(|db| {
        let mut own = memberships::list_of(db, account.id)?;
        own.retain(|(member, organization, _)| knows(organization.id, member.state));
        let mut theirs = Vec::new();
        for (member, organization, role) in own.drain(..) {
            let address = member.invited.as_ref().map(|(address, _)| address.as_str());
            // An invitation is its address's: whoever never proved it is not told of one.
            if member.state != State::Invited || memberships::is_theirs(db, account.id, address)? {
                theirs.push((member, organization, role));
            }
        }
        Ok(theirs)
    })
}

/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub fn one(kw: &Keyward, actor: &Actor, id: OrganizationId) -> Result<Standing> {
    let found = kw.store.read(|db| standing(db, actor, id))?;
    found.require(ORGANIZATION_READ)?;
    Ok(found)
}

/// Members or invitations.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub fn members(kw: &Keyward, actor: &Actor, id: OrganizationId, page: Page) -> Result<Vec<Member>> {
    kw.store.read(|db| {
        let standing = standing(db, actor, id)?;
        standing.require(MEMBER_READ)?;
        Ok(memberships::page(db, id, page.clone())?)
    })
}
