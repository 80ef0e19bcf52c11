//! An organization has one active owner at least, always (O5): one who can sign in.

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::{Membership, OWNER};
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::store::memberships;

/// Before this member of the organization stops to be an active owner. It is held, or two could stop
/// at once.
///
/// # Errors
/// `CONFLICT` where there is no other one.
pub(in crate::service) fn require_another<'t>(
    change: &mut Change<'t>,
    organization: Held<'t, OrganizationId>,
    member: &Membership,
) -> Result<()> {
    if member.role != OWNER || !member.is_active() {
        return Ok(());
    }
    if has_another(change, organization, member.account)? {
        return Ok(());
    }
    Err(Error::new(
        Code::Conflict,
        "This is the only owner who can sign in: nobody could administer the organization any \
         more. Make another member an owner first, or delete the organization.",
    ))
}

/// Whether somebody else than this account stays who owns the organization and can sign in.
pub(in crate::service) fn has_another<'t>(
    change: &mut Change<'t>,
    organization: Held<'t, OrganizationId>,
    account: AccountId,
) -> Result<bool> {
    let only_verified = change.kw.policy.require_verified_email;
    let organization = organization.id();
    Ok(memberships::other_owners(change, organization, account, only_verified)? > 0)
}
