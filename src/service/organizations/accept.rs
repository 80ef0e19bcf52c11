//! Accepting an invitation signed in, where the address that was invited is proven to be the
//! account's (O8).

use crate::domain::id::OrganizationId;
use crate::service::actor::Actor;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::membership::begin_end::join;
use crate::service::membership::standing::no_organization;
use crate::store::memberships::invitations;
use crate::store::{memberships, organizations};

/// Of several the newest counts: two addresses of one account may both have been invited.
///
/// # Errors
/// `NOT_FOUND` where the caller is not invited; `FORBIDDEN` where the address that was invited
/// is not proven; `CONFLICT` for a member.
pub fn by_account(kw: &Keyward, actor: &Actor, id: OrganizationId) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        let (account, now) = (actor.account(), change.now);
        if memberships::lookup(change, id, account)?.is_some() {
            return Err(Error::new(
                Code::Conflict,
                "You are a member of this organization already.",
            ));
        }
        // Nobody holds an organization that they have nothing to do with.
        if invitations::find_of(change, (id, account), true, now)?.is_none() {
            let named = invitations::find_of(change, (id, account), false, now)?;
            return Err(match named {
                Some(_) => Error::forbidden(
                    "Prove first that the address that was invited is yours: open the mail.",
                ),
                None => no_organization(),
            });
        }
        if !organizations::hold(change, id)? {
            return Err(no_organization());
        }
        let found = invitations::find_of(change, (id, account), true, now)?;
        let invitation = found.ok_or_else(no_organization)?;
        join(change, (account, id), invitation, &actor.client)
    })
}
