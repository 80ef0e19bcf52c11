//! An invitation is the word of whoever invited: it is good as long as they may still give it.

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::MembershipState;
use crate::domain::permission::{MEMBER_INVITE, lacking};
use crate::service::error::Result;
use crate::store::memberships::invitations::{Place, WaitingInvitation};
use crate::store::{AnyConnection, accounts, memberships, organization_roles, roles};

/// Whether whoever invited could invite so now: asked when the invitation is accepted, so nothing
/// that takes a right away has to look for what it once gave.
pub(in crate::service) fn stands(
    db: &mut AnyConnection,
    invitation: &WaitingInvitation,
) -> Result<bool> {
    let Some(inviter) = invitation.invited_by else {
        return Ok(false);
    };
    if !accounts::lookup(db, inviter)?.is_some_and(|account| account.enabled) {
        return Ok(false);
    }
    if roles::access_of(db, inviter)?.is_admin() {
        return Ok(true);
    }
    match invitation.place {
        Place::Service => Ok(false),
        Place::Organization(id) => may_give(db, (inviter, id), invitation.role.as_deref()),
    }
}

fn may_give(
    db: &mut AnyConnection,
    (inviter, id): (AccountId, OrganizationId),
    role: Option<&str>,
) -> Result<bool> {
    let member = memberships::lookup(db, id, inviter)?;
    let Some(member) = member.filter(|member| member.state == MembershipState::Active) else {
        return Ok(false);
    };
    let roles = organization_roles::list(db, id)?;
    let called = |key: &str| roles.iter().find(|it| it.key == key);
    let (Some(own), Some(given)) = (called(&member.role), role.and_then(called)) else {
        return Ok(false);
    };
    let own = &own.permissions;
    Ok(own.contains(MEMBER_INVITE) && lacking(own, &given.permissions).is_none())
}
