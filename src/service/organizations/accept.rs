//! Accepting an invitation signed in, where the address that was invited is proven to be the
//! account's (O8).

use crate::domain::id::OrganizationId;
use crate::service::actor::Actor;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::membership::begin_end::join;
use crate::service::membership::inviter::stands;
use crate::service::membership::rights_of_caller::require_here;
use crate::store::memberships;
use crate::store::memberships::invitations;

/// Of several the newest counts: two addresses of one account may both have been invited.
///
/// # Errors
/// `NOT_FOUND` where the caller is not invited, or not by an address that they have proven, or by
/// somebody who could not invite so any more; `CONFLICT` for a member.
pub fn by_account(kw: &Keyward, actor: &Actor, id: OrganizationId) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        let caller = change.hold_caller(&actor)?;
        require_here(&actor, id)?;
        let (account, now) = (actor.account(), change.now);
        if memberships::lookup(change, id, account)?.is_some() {
            return Err(Error::new(
                Code::Conflict,
                "You are a member of this organization already.",
            ));
        }
        // Nobody holds an organization that they have nothing to do with.
        if invitations::find_of(change, (id, account), true, now)?.is_none() {
            return Err(not_invited());
        }
        let organization = change.hold_organization(id)?;
        let organization = organization.ok_or_else(not_invited)?;
        let found = invitations::find_of(change, (id, account), true, now)?;
        let invitation = found.ok_or_else(not_invited)?;
        if !stands(change, &invitation)? {
            return Err(not_invited());
        }
        let whose = (caller.account, organization);
        join(change, whose, invitation, &actor.client)
    })
}

/// The same for an organization that never was, and for who has the address written down and never
/// proved it: an invitation is its address's, and nobody else is told of one.
fn not_invited() -> Error {
    Error::new(
        Code::NotFound,
        "There is no such organization, or no address of yours that you have proven is invited to \
         it.",
    )
}
