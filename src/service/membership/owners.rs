//! An organization has one active owner at least, always (O5): one who can sign in.

use crate::domain::organization::{Membership, OWNER, State};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::store::memberships;

/// Before this member stops to be an active owner. The organization is held, or two could stop
/// at once.
///
/// # Errors
/// `CONFLICT` where there is no other one.
pub(in crate::service) fn require_another(
    change: &mut Change<'_>,
    member: &Membership,
) -> Result<()> {
    if member.role != OWNER || member.state != State::Active {
        return Ok(());
    }
    match memberships::other_owners(change, member.organization, member.account)? {
        0 => Err(Error::new(
            Code::Conflict,
            "This is the only owner who can sign in: nobody could administer the organization any \
             more. Make another member an owner first, or delete the organization.",
        )),
        _ => Ok(()),
    }
}
