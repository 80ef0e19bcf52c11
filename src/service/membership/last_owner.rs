//! An organization has one active owner at least, always (O5): one who can sign in.

use crate::domain::organization::{Membership, OWNER};
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
    if member.role != OWNER || !member.is_active() {
        return Ok(());
    }
    if has_another(change, member)? {
        return Ok(());
    }
    Err(Error::new(
        Code::Conflict,
        "This is the only owner who can sign in: nobody could administer the organization any \
         more. Make another member an owner first, or delete the organization.",
    ))
}

/// Whether somebody else than this member stays who owns the organization and can sign in.
pub(in crate::service) fn has_another(
    change: &mut Change<'_>,
    member: &Membership,
) -> Result<bool> {
    let only_verified = change.kw.policy.require_verified_email;
    let (organization, account) = (member.organization, member.account);
    Ok(memberships::other_owners(change, organization, account, only_verified)? > 0)
}
