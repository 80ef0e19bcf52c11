//! What happens to a member: another role, suspended, taken back, removed; and leaving. What is
//! taken away is gone within a second, on every route and in every process.

use crate::domain::event::{Event, What};
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::{Membership, MembershipState};
use crate::domain::rights::permission::{MEMBER_REMOVE, MEMBER_UPDATE};
use crate::service::actor::Actor;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::membership::administering::require_giver;
use crate::service::membership::begin_end::end;
use crate::service::membership::last_owner::require_another;
use crate::service::membership::rights_of_caller::{
    Standing, held_standing, keep_role, no_member, no_organization, require_here,
};
use crate::store::memberships;
use crate::store::memberships::invitations;

/// Which member of which organization.
#[derive(Clone, Copy, Debug)]
pub struct Which {
    pub organization: OrganizationId,
    pub account: AccountId,
}

/// What is to be changed.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// The name of a role.
    pub role: Option<String>,
    /// Active or suspended.
    pub state: Option<MembershipState>,
}

/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID_PAYLOAD` for a role that is none of the organization,
/// `CONFLICT` for the last owner.
pub fn change_member(kw: &Keyward, actor: &Actor, which: Which, edit: Edit) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        let (standing, held, member) = held_member(change, &actor, which)?;
        standing.require(MEMBER_UPDATE)?;
        standing.require_all(&standing.role_of(&member)?.permissions)?;
        let member = match &edit.role {
            Some(name) => set_role(change, (&actor, &standing), (held, member), name)?,
            None => member,
        };
        match edit.state {
            Some(state) => {
                if member.state == MembershipState::Suspended && state == MembershipState::Active {
                    // The role is given anew.
                    let role = keep_role(change, held, &member.role)?;
                    require_giver(actor.api_key().is_some(), None, &role.permissions)?;
                }
                set_state(change, &actor, (held, &member), state)
            }
            None => Ok(()),
        }
    })
}

/// The member, and what the caller may do. Both accounts and the organization are held.
fn held_member<'t>(
    change: &mut Change<'t>,
    actor: &Actor,
    which: Which,
) -> Result<(Standing, Held<'t, OrganizationId>, Membership)> {
    let (standing, held) = held_standing(change, actor, &[which.account], which.organization)?;
    let member = memberships::lookup(change, which.organization, which.account)?;
    Ok((standing, held, member.ok_or_else(no_member)?))
}

fn about(actor: &Actor, what: What, member: &Membership) -> Event {
    let event = actor.event_about(what, member.account);
    event.in_organization(member.organization)
}

fn set_role<'t>(
    change: &mut Change<'t>,
    (actor, standing): (&Actor, &Standing),
    (held, member): (Held<'t, OrganizationId>, Membership),
    name: &str,
) -> Result<Membership> {
    let old = standing.role_of(&member)?;
    if old.key == standing.role_called(name)?.key {
        return Ok(member);
    }
    let new = standing.role_to_give(change, held, name)?;
    standing.require_all(&new.permissions)?;
    let by_key = actor.api_key().is_some();
    require_giver(by_key, Some(&old.permissions), &new.permissions)?;
    require_another(change, held, &member)?;
    let now = change.now;
    memberships::change(change, &member, (&new.key, member.state), now)?;
    let event = about(actor, What::MemberRoleChanged, &member);
    change.record(&event.with_role(&new.name))?;
    // What was added comes with the next refresh (O-11). Where nothing was, the name is all that
    // is new, and no token may go on with the old one.
    let grows = old.permissions.is_subset(&new.permissions) && old.permissions != new.permissions;
    if member.is_active() && !grows {
        change.outdate_access(member.account)?;
    }
    Ok(Membership {
        role: new.key,
        ..member
    })
}

fn set_state<'t>(
    change: &mut Change<'t>,
    actor: &Actor,
    (held, member): (Held<'t, OrganizationId>, &Membership),
    state: MembershipState,
) -> Result<()> {
    if member.state == state {
        return Ok(());
    }
    require_another(change, held, member)?;
    let now = change.now;
    memberships::change(change, member, (&member.role, state), now)?;
    let what = if state == MembershipState::Active {
        What::MemberResumed
    } else {
        What::MemberSuspended
    };
    let event = about(actor, what, member);
    change.record(&event)?;
    if state == MembershipState::Active {
        return Ok(());
    }
    end(change, member.account, held, &event)
}

/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `CONFLICT` for the last owner.
pub fn remove_member(kw: &Keyward, actor: &Actor, which: Which) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        let (standing, held, member) = held_member(change, &actor, which)?;
        standing.require(MEMBER_REMOVE)?;
        if member.state == MembershipState::Suspended {
            // Whoever is removed can be invited anew, and is active then.
            standing.require(MEMBER_UPDATE)?;
        }
        standing.require_all(&standing.role_of(&member)?.permissions)?;
        require_another(change, held, &member)?;
        memberships::remove(change, &member)?;
        let event = about(&actor, What::MemberRemoved, &member);
        change.record(&event)?;
        end(change, member.account, held, &event)
    })
}

/// Declines what the caller is invited to: an invitation is its address's, and whoever registered
/// the address and never proved it has none.
///
/// # Errors
/// `NOT_FOUND` where none waits.
pub fn decline(kw: &Keyward, actor: &Actor, id: OrganizationId) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        require_here(&actor, id)?;
        give_up(change, &actor, id)
    })
}

fn give_up(change: &mut Change<'_>, actor: &Actor, id: OrganizationId) -> Result<()> {
    let (account, now) = (actor.account(), change.now);
    // Nobody holds an organization that they have nothing to do with.
    if invitations::find_of(change, (id, account), true, now)?.is_none()
        || change.hold_organization(id)?.is_none()
        || !invitations::remove_of(change, id, account)?
    {
        return Err(no_organization());
    }
    change.record(&actor.event(What::MemberLeft).in_organization(id))
}

/// Leaves, or declines an invitation: whatever one's role. Whoever is suspended stays so: they could
/// be invited anew by who may not take them back.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` for the last owner, and for who is suspended.
pub fn leave(kw: &Keyward, actor: &Actor, id: OrganizationId) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        require_here(&actor, id)?;
        let account = actor.account();
        // Nobody holds an organization that they have nothing to do with.
        if memberships::lookup(change, id, account)?.is_none() {
            return give_up(change, &actor, id);
        }
        let held = change.hold_organization(id)?;
        let held = held.ok_or_else(no_organization)?;
        let member = memberships::lookup(change, id, account)?.ok_or_else(no_organization)?;
        if !member.is_active() {
            return Err(Error::new(
                Code::Conflict,
                "You are suspended in this organization: whoever administers it takes you back, or \
                 removes you.",
            ));
        }
        require_another(change, held, &member)?;
        memberships::remove(change, &member)?;
        let event = actor.event(What::MemberLeft).in_organization(id);
        change.record(&event)?;
        end(change, account, held, &event)
    })
}
