//! The end of an organization, and what becomes of those that somebody owns who goes away.

use crate::domain::event::Event;
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::{Membership, OWNER};
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::service::membership::begin_end::end;
use crate::service::membership::last_owner::has_another;
use crate::store::memberships::invitations;
use crate::store::{memberships, organization_roles, organizations};

/// Deletes an organization, with its memberships, its roles and every session in it (O10). It is
/// held, and so is everybody in it. `by` is what ends it.
pub(in crate::service) fn dissolve<'t>(
    change: &mut Change<'t>,
    organization: Held<'t, OrganizationId>,
    by: &Event,
) -> Result<()> {
    let id = organization.id();
    change.end_in(organization, None, by)?;
    change.outdate_members(organization)?;
    let roles = organization_roles::list(change, id)?;
    let own = roles.iter().filter(|role| role.organization == Some(id));
    let own = own.count();
    organizations::remove(change, id)?;
    Ok(organization_roles::remove_all_of(change, id, own)?)
}

/// When an address is proven, the account loses the memberships of whoever registered it first, except
/// where it is the last owner or the only member. Those it keeps, for anybody can register an address
/// once more, and must not delete by that what its owner made (O5).
pub(in crate::service) fn abandon_all<'t>(
    change: &mut Change<'t>,
    account: Held<'t, AccountId>,
    by: &Event,
) -> Result<()> {
    let account = account.id();
    for member in in_order(change, account)? {
        let Some(held) = change.hold_organization(member.organization)? else {
            continue;
        };
        if !is_needed(change, held, &member)? {
            memberships::remove(change, &member)?;
        }
        end(change, account, held, by)?;
    }
    Ok(())
}

/// The account's memberships in the order in which their organizations are held: in any other one two
/// who leave could wait for each other.
fn in_order(change: &mut Change<'_>, account: AccountId) -> Result<Vec<Membership>> {
    let own = memberships::list_of(change, account)?.into_iter();
    let mut own: Vec<Membership> = own.map(|(member, ..)| member).collect();
    own.sort_by_key(|member| member.organization);
    Ok(own)
}

/// Whether nobody would own the organization, or be in it, without this member.
fn is_needed<'t>(
    change: &mut Change<'t>,
    organization: Held<'t, OrganizationId>,
    member: &Membership,
) -> Result<bool> {
    if memberships::count_in(change, organization.id())? == 1 {
        return Ok(true);
    }
    Ok(member.role == OWNER && !has_another(change, organization, member.account)?)
}

/// Before an account is deleted: if it is the only member of an organization, the organization is deleted
/// too. If it is the only owner and others are members, the deletion is refused.
///
/// # Errors
/// `CONFLICT` where others are in an organization that it alone owns.
pub(in crate::service) fn leave_all<'t>(
    change: &mut Change<'t>,
    account: Held<'t, AccountId>,
    by: &Event,
) -> Result<()> {
    let account = account.id();
    let mut own = in_order(change, account)?;
    own.retain(|member| member.role == OWNER && member.is_active());
    for member in own {
        let id = member.organization;
        let Some(held) = change.hold_organization(id)? else {
            continue;
        };
        if has_another(change, held, account)? {
            continue;
        }
        let now = change.now;
        let others = memberships::count_in(change, id)? - 1;
        if others + invitations::count_in(change, id, now)? > 0 {
            return Err(Error::new(
                Code::Conflict,
                "This account is the only owner of an organization that others are in or invited \
                 to: make another member an owner first, or delete the organization.",
            ));
        }
        dissolve(change, held, by)?;
    }
    Ok(())
}
