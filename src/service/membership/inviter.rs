//! An invitation is the word of whoever invited: it is good as long as they may still give it.

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::{Membership, MembershipState};
use crate::domain::rights::permission::{MEMBER_INVITE, lacking};
use crate::service::error::Result;
use crate::store::memberships::invitations::{self, Listed, Place, WaitingInvitation};
use crate::store::memberships::inviters::{self, Giver};
use crate::store::{self, AnyConnection, accounts, memberships, organization_roles, roles};
use crate::support::clock::Timestamp;

/// Whether whoever invited could invite so now: asked when the invitation is accepted, so nothing
/// that takes a right away has to look for what it once gave.
pub(in crate::service) fn stands(
    db: &mut AnyConnection,
    invitation: &WaitingInvitation,
) -> Result<bool> {
    let giver = (invitation.place, invitation.invited_by);
    may_invite(db, giver, invitation.role.as_deref())
}

/// What the account is invited to, and what it is in. In this order: whoever accepts in between would
/// be in neither of the two.
pub(in crate::service) fn invited_and_joined(
    db: &mut AnyConnection,
    account: AccountId,
    now: Timestamp,
) -> store::Result<(Vec<invitations::Own>, Vec<memberships::Own>)> {
    let invited = invitations::list_of(db, account, now)?;
    Ok((invited, memberships::list_of(db, account)?))
}

/// An invitation as a membership that waits.
pub(in crate::service) fn as_member(
    account: AccountId,
    (waiting, organization, role): invitations::Own,
) -> memberships::Own {
    let membership = Membership {
        organization: organization.id,
        account,
        role: waiting.role.unwrap_or_default(),
        state: MembershipState::Invited,
        invited: Some((waiting.address, waiting.written)),
        created_at: waiting.created_at,
    };
    (membership, organization, role)
}

/// An invitation as it is shown.
pub struct ShownInvitation {
    pub invitation: WaitingInvitation,
    /// What its role is called.
    pub role: Option<String>,
    /// Whether it would let anybody in now.
    pub good: bool,
}

/// Of each whether it stands. Many are one inviter's, who is asked about once.
pub(in crate::service) fn shown(
    db: &mut AnyConnection,
    listed: Vec<Listed>,
) -> Result<Vec<ShownInvitation>> {
    let mut known: Vec<((Giver, Option<String>), bool)> = Vec::new();
    let mut shown = Vec::with_capacity(listed.len());
    for (invitation, role) in listed {
        let giver = (invitation.place, invitation.invited_by);
        let what = (giver, invitation.role.clone());
        let good = if let Some((_, good)) = known.iter().find(|(it, _)| *it == what) {
            *good
        } else {
            let good = may_invite(db, giver, what.1.as_deref())?;
            known.push((what, good));
            good
        };
        shown.push(ShownInvitation {
            invitation,
            role,
            good,
        });
    }
    Ok(shown)
}

/// Ends what invites to the role and lets nobody in: it keeps no role from being removed. The role
/// is held.
pub(in crate::service) fn end_dead(db: &mut AnyConnection, role: &str) -> Result<()> {
    for giver in inviters::givers_of(db, role)? {
        if !may_invite(db, giver, Some(role))? {
            inviters::remove_given(db, role, giver)?;
        }
    }
    Ok(())
}

fn may_invite(db: &mut AnyConnection, (place, inviter): Giver, role: Option<&str>) -> Result<bool> {
    let Some(inviter) = inviter else {
        return Ok(false);
    };
    if !accounts::lookup(db, inviter)?.is_some_and(|account| account.enabled) {
        return Ok(false);
    }
    if roles::access_of(db, inviter)?.is_admin() {
        return Ok(true);
    }
    match place {
        Place::Service => Ok(false),
        Place::Organization(id) => may_give(db, (inviter, id), role),
    }
}

fn may_give(
    db: &mut AnyConnection,
    (inviter, id): (AccountId, OrganizationId),
    role: Option<&str>,
) -> Result<bool> {
    let member = memberships::lookup(db, id, inviter)?;
    let Some(member) = member.filter(Membership::is_active) else {
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
