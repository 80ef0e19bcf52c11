//! Roles of the whole service, and those that members of every organization may hold. For
//! administrators; the route table asks for the permission.

use crate::domain::event::What;
use crate::domain::organization::{Name, Role, Scope};
use crate::service::actor::Actor;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::roles::terms::{
    Edit, New, edited, no_role, remove, require_changeable, require_fitting, taken, write,
};
use crate::store::{accounts, organization_roles, roles};

/// The most of them.
const MOST: usize = 1000;

/// By name.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn list_roles(kw: &Keyward) -> Result<Vec<Role>> {
    Ok(kw.store.read(organization_roles::list_shared)?)
}

/// # Errors
/// `FORBIDDEN`; `CONFLICT` where there is one of that name, or too many.
pub fn make_role(kw: &Keyward, actor: &Actor, new: New, scope: Scope) -> Result<Role> {
    require_fitting(kw, scope, &new.permissions)?;
    let actor = actor.clone();
    let role = Role {
        key: new.name.written().to_owned(),
        name: new.name.written().to_owned(),
        description: new.description,
        scope,
        organization: None,
        permissions: new.permissions,
    };
    kw.change(move |change| {
        hold(change, &actor)?;
        let all = organization_roles::list_shared(change)?;
        if all.len() >= MOST {
            return Err(Error::new(
                Code::Conflict,
                "The service has 1,000 roles, which is the most: remove one first.",
            ));
        }
        let wanted = new.name.canonical();
        if all.iter().any(|role| role.name.to_lowercase() == wanted) {
            return Err(taken());
        }
        if scope == Scope::Service {
            require_unused(change, wanted)?;
        }
        organization_roles::add(change, &role)?.map_err(|_| taken())?;
        change.record(&actor.event(What::RoleMade))?;
        Ok(role.clone())
    })
}

/// Whoever makes an organization could wait for the name to mean something in the whole service.
///
/// # Errors
/// `CONFLICT` where an organization has made a role of that name.
fn require_unused(change: &mut Change<'_>, wanted: &str) -> Result<()> {
    let same = |name: &String| Name::parse(name).is_some_and(|it| it.canonical() == wanted);
    if organization_roles::names_in_organizations(change)?
        .iter()
        .any(same)
    {
        return Err(Error::new(
            Code::Conflict,
            "An organization has made a role of that name: choose another one.",
        ));
    }
    Ok(())
}

/// What grows is in the next token of its holders; what shrinks is gone within a second.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `CONFLICT` for the roles that everything stands on.
pub fn change_role(kw: &Keyward, actor: &Actor, name: &str, edit: Edit) -> Result<Role> {
    let (actor, name) = (actor.clone(), name.to_owned());
    kw.change(move |change| {
        let old = held(change, &actor, &name)?;
        let new = edited(&old, &edit);
        write(change, (&old, &new))?;
        change.record(&actor.event(What::RoleChanged))?;
        Ok(new)
    })
}

/// # Errors
/// As [`change_role`]; `CONFLICT` where somebody holds it.
pub fn remove_role(kw: &Keyward, actor: &Actor, name: &str) -> Result<()> {
    let (actor, name) = (actor.clone(), name.to_owned());
    kw.change(move |change| {
        let role = held(change, &actor, &name)?;
        remove(change, &role)?;
        change.record(&actor.event(What::RoleRemoved))
    })
}

/// The caller is held, and is an administrator by the database too.
fn hold(change: &mut Change<'_>, actor: &Actor) -> Result<()> {
    change.hold_caller(actor)?;
    if roles::access_of(change, actor.account())?.is_admin() {
        return Ok(());
    }
    Err(Error::forbidden("This needs the permission \"admin\"."))
}

/// Its holders are held by their ids, then the caller, then the role.
fn held(change: &mut Change<'_>, actor: &Actor, name: &str) -> Result<Role> {
    let mut holders = organization_roles::holders_of(change, name)?;
    holders.push(actor.account());
    holders.sort_unstable();
    for holder in holders {
        accounts::hold(change, holder)?;
    }
    hold(change, actor)?;
    if !organization_roles::hold(change, name)? {
        return Err(no_role());
    }
    let mut all = organization_roles::list_shared(change)?.into_iter();
    let role = all.find(|role| role.key == name).ok_or_else(no_role)?;
    require_changeable(&role)?;
    Ok(role)
}
