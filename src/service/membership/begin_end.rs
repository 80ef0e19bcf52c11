//! How a membership begins and ends. Its account and its organization are held.

use crate::domain::event::{Event, What};
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::{Membership, MembershipState};
use crate::domain::session::Client;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::service::membership::rights_of_caller::keep_role;
use crate::store::memberships::invitations::{self, WaitingInvitation};
use crate::store::{memberships, organization_roles};

/// Makes whoever takes the invitation a member, by the role that it says now. Every other one of
/// that account to the organization ends with it (O8).
///
/// # Errors
/// `CONFLICT` for a member, who keeps the role that they have.
pub(in crate::service) fn join<'t>(
    change: &mut Change<'t>,
    (account, organization): (Held<'t, AccountId>, Held<'t, OrganizationId>),
    invitation: WaitingInvitation,
    client: &Client,
) -> Result<()> {
    let (account, held, organization) = (account.id(), organization, organization.id());
    if memberships::lookup(change, organization, account)?.is_some() {
        return Err(already_a_member());
    }
    // Both callers have asked whether the inviter may still invite by that role.
    let (Some(role), Some(inviter)) = (invitation.role, invitation.invited_by) else {
        let why = "an invitation to an organization without a role or an inviter";
        return Err(Error::defect(why));
    };
    keep_role(change, held, &role)?;
    invitations::remove(change, invitation.place, &invitation.address)?;
    let member = Membership {
        organization,
        account,
        role,
        state: MembershipState::Active,
        invited: Some((invitation.address, invitation.written)),
        created_at: change.now,
    };
    memberships::add(change, &member, inviter)?.map_err(|_| already_a_member())?;
    let name = organization_roles::name_of(change, &member.role)?;
    let event = Event::new(What::MemberJoined, client.clone()).of(account);
    change.record(&event.in_organization(organization).with_role(&name))
}

fn already_a_member() -> Error {
    Error::new(
        Code::Conflict,
        "You are a member of this organization already.",
    )
}

/// What ends with a membership: the account's sessions in the organization, and every token that
/// tells of it. Whoever else the account is goes on, after a refresh. `by` is what ended it.
pub(in crate::service) fn end<'t>(
    change: &mut Change<'t>,
    account: AccountId,
    organization: Held<'t, OrganizationId>,
    by: &Event,
) -> Result<()> {
    change.end_in(organization, Some(account), by)?;
    change.outdate_access(account)
}
