//! The caller's organizations, and who is in one of them.

use crate::domain::id::OrganizationId;
use crate::domain::rights::permission::{MEMBER_READ, ORGANIZATION_READ};
use crate::service::actor::{Actor, account_of};
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::service::membership::inviter::{
    ShownInvitation, as_member, invited_and_joined, shown, stands,
};
use crate::service::membership::rights_of_caller::{Standing, missing, standing};
use crate::store::memberships::invitations::{self, Place};
use crate::store::memberships::{self, Member, MemberPage, Own};

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
    let now = kw.clock.now();
    kw.store.read(|db| {
        // An invitation is its address's: whoever never proved it is not told of one.
        let (waiting, mut own) = invited_and_joined(db, account.id, now)?;
        // One of who may not invite so any more would let nobody in (docs/decisions/0122).
        let mut invited = Vec::new();
        for found in waiting {
            if stands(db, &found.0)? {
                invited.push(as_member(account.id, found));
            }
        }
        if let Some(key) = actor.api_key() {
            // A key that is good in one organization knows no other. Only a person is invited.
            own.retain(|(member, organization, _)| {
                let knows = key.organization.is_none_or(|it| it == organization.id);
                member.is_active() && knows
            });
        } else {
            invited.retain(|(_, it, _)| own.iter().all(|(_, joined, _)| joined.id != it.id));
            own.append(&mut invited);
        }
        own.sort_by_key(|(it, organization, _)| (it.created_at, organization.id));
        Ok(own)
    })
}

/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub fn one(kw: &Keyward, actor: &Actor, id: OrganizationId) -> Result<Standing> {
    let found = kw.store.read(|db| standing(db, actor, id))?;
    found.require(ORGANIZATION_READ)?;
    Ok(found)
}

/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub fn members(
    kw: &Keyward,
    actor: &Actor,
    id: OrganizationId,
    page: MemberPage,
) -> Result<Vec<Member>> {
    kw.store.read(|db| {
        standing(db, actor, id)?.require(MEMBER_READ)?;
        Ok(memberships::page(db, id, page.clone())?)
    })
}

/// Who is invited: addresses, and nothing of the account that one may have. Those too that let nobody
/// in as long as whoever invited may not: they are told of as such.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub fn invitations(
    kw: &Keyward,
    actor: &Actor,
    id: OrganizationId,
    page: MemberPage,
) -> Result<Vec<ShownInvitation>> {
    let page = invitations::InvitationPage {
        place: Place::Organization(id),
        after: page.after,
        limit: page.limit,
        now: kw.clock.now(),
    };
    kw.store.read(|db| {
        standing(db, actor, id)?.require(MEMBER_READ)?;
        let listed = invitations::page(db, page.clone())?;
        shown(db, listed)
    })
}
