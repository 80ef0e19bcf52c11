//! Roles that one organization makes for its members. Nobody makes one that may do more than they
//! may themselves (O4).

use crate::domain::event::{Event, What};
use crate::domain::id::OrganizationId;
use crate::domain::organization::{Role, Scope};
use crate::domain::rights::permission::{ROLE_MANAGE, ROLE_READ};
use crate::service::actor::Actor;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::membership::administering::require_giver;
use crate::service::membership::rights_of_caller::{Standing, held_standing, standing};
use crate::service::roles::validate::{
    Edit, New, edited, no_role, require_addressable, require_fitting, taken,
};
use crate::service::roles::write::{record, remove, write};
use crate::store::organization_roles;

/// The most roles that one organization makes.
const MOST: usize = 100;

/// Those that members can hold, by name.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub fn list_roles(kw: &Keyward, actor: &Actor, id: OrganizationId) -> Result<Vec<Role>> {
    let standing = kw.store.read(|db| standing(db, actor, id))?;
    standing.require(ROLE_READ)?;
    Ok(standing.roles)
}

/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`; `CONFLICT` where there is one of that name, or too many.
pub fn make_role(kw: &Keyward, actor: &Actor, id: OrganizationId, new: New) -> Result<Role> {
    require_addressable(&new.name)?;
    require_fitting(kw, Scope::Organization, &new.permissions)?;
    let actor = actor.clone();
    let role = Role {
        key: kw.entropy.random_id().to_string(),
        name: new.name.written().to_owned(),
        description: new.description,
        scope: Scope::Organization,
        organization: Some(id),
        permissions: new.permissions,
        factor_from: new.factor_from,
    };
    kw.change(move |change| {
        let (standing, _) = held_standing(change, &actor, &[], id)?;
        standing.require(ROLE_MANAGE)?;
        standing.require_all(&role.permissions)?;
        let own = standing.roles.iter();
        if own.filter(|it| it.organization.is_some()).count() >= MOST {
            return Err(Error::new(
                Code::Conflict,
                "The organization has made 100 roles, which is the most: remove one first.",
            ));
        }
        organization_roles::hold_names(change)?;
        // In any letter case, and not one of the service's: a name is shown, and trusted.
        let shared = organization_roles::list_shared(change)?;
        if standing
            .roles
            .iter()
            .chain(&shared)
            .any(|it| new.name.matches(&it.name))
        {
            return Err(taken());
        }
        organization_roles::add(change, &role)?.map_err(|_| taken())?;
        change.record(&about(&actor, What::RoleMade, &role))?;
        Ok(role.clone())
    })
}

/// What grows is in the next token of its holders; what shrinks is gone within a second.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, also for a role that is of every organization, and for an API key that
/// would lift or make a demand of a second factor.
pub fn change_role(
    kw: &Keyward,
    actor: &Actor,
    (id, name): (OrganizationId, String),
    edit: Edit,
) -> Result<Role> {
    let actor = actor.clone();
    kw.change(move |change| {
        let (standing, old) = held(change, &actor, id, &name)?;
        actor.require_demander(edit.factor_from.is_some())?;
        let new = edited(&old, &edit);
        standing.require_all(&new.permissions)?;
        let by_key = actor.api_key().is_some();
        require_giver(by_key, Some(&old.permissions), &new.permissions)?;
        write(change, (&old, &new))?;
        record(change, (&old, &new), |what| about(&actor, what, &new))?;
        Ok(new)
    })
}

/// # Errors
/// As [`change_role`]; `CONFLICT` where somebody holds it.
pub fn remove_role(kw: &Keyward, actor: &Actor, id: OrganizationId, name: &str) -> Result<()> {
    let (actor, name) = (actor.clone(), name.to_owned());
    kw.change(move |change| {
        let (_, role) = held(change, &actor, id, &name)?;
        remove(change, &role)?;
        change.record(&about(&actor, What::RoleRemoved, &role))
    })
}

fn about(actor: &Actor, what: What, role: &Role) -> Event {
    let mut event = actor.event(what).with_role(&role.name);
    event.organization = role.organization;
    event
}

/// A role of the organization's own, that the caller may change. Its holders are held, and so is
/// the organization: nobody comes to hold it meanwhile.
fn held<'t>(
    change: &mut Change<'t>,
    actor: &Actor,
    id: OrganizationId,
    name: &str,
) -> Result<(Standing, Held<'t, Role>)> {
    let before = standing(change, actor, id)?;
    before.require(ROLE_MANAGE)?;
    let found = Role::called(&before.roles, name).ok_or_else(no_role)?;
    // Before its holders are held: those of such a role are everywhere.
    if found.organization != Some(id) {
        return Err(Error::forbidden(
            "That role is of every organization: administrators of the service change it. Make \
             one of your own.",
        ));
    }
    let holders = organization_roles::holders_of(change, &found.key)?;
    let (standing, organization) = held_standing(change, actor, &holders, id)?;
    standing.require(ROLE_MANAGE)?;
    // As it is now that nobody else changes it.
    let mut own = standing.roles.iter();
    let role = own.find(|role| role.key == found.key);
    let role = role.and_then(|role| organization.own_role(role.clone()));
    let role = role.ok_or_else(no_role)?;
    standing.require_all(&role.permissions)?;
    Ok((standing, role))
}
