//! Roles of the whole service, and those that members of every organization may hold. For
//! administrators; the route table asks for the permission, and the command line is an operator's.

use crate::domain::event::What;
use crate::domain::organization::{Name, Role, Scope};
use crate::service::administrator::Administrator;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::roles::validate::{
    Edit, New, edited, no_role, require_addressable, require_changeable, require_fitting,
    require_removable, taken,
};
use crate::service::roles::write::{record, remove, write};
use crate::store::organization_roles;

/// The most of them.
const MOST: usize = 1000;

/// By name.
pub fn list_roles(kw: &Keyward) -> Result<Vec<Role>> {
    Ok(kw.store.read(organization_roles::list_shared)?)
}

/// # Errors
/// `FORBIDDEN`; `CONFLICT` where there is one of that name, or too many.
pub fn make_role(by: impl Into<Administrator>, new: New, scope: Scope) -> Result<Role> {
    let by = by.into();
    let kw = by.kw.clone();
    require_addressable(&new.name)?;
    require_fitting(&kw, scope, &new.permissions)?;
    let role = Role {
        key: new.name.written().to_owned(),
        name: new.name.written().to_owned(),
        description: new.description,
        scope,
        organization: None,
        permissions: new.permissions,
        factor_from: new.factor_from,
    };
    kw.change(move |change| {
        by.hold_own(change)?;
        organization_roles::hold_names(change)?;
        let all = organization_roles::list_shared(change)?;
        if all.len() >= MOST {
            return Err(Error::new(
                Code::Conflict,
                "The service has 1,000 roles, which is the most: remove one first.",
            ));
        }
        if all.iter().any(|role| new.name.matches(&role.name)) {
            return Err(taken());
        }
        require_unused(change, &new.name)?;
        organization_roles::add(change, &role)?.map_err(|_| taken())?;
        change.record(&by.event(What::RoleMade).with_role(&role.name))?;
        Ok(role.clone())
    })
}

/// Whoever makes an organization could wait for the name to mean something in the whole service; and
/// of two roles that members of one can hold by one name nobody knows which is meant.
///
/// # Errors
/// `CONFLICT` where an organization has made a role of that name.
fn require_unused(change: &mut Change<'_>, wanted: &Name) -> Result<()> {
    let names = organization_roles::names_in_organizations(change)?;
    if names.iter().any(|name| wanted.matches(name)) {
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
/// `FORBIDDEN`, for an API key that would widen or narrow what it gives, too; `NOT_FOUND`;
/// `CONFLICT` for the roles that everything stands on.
pub fn change_role(by: impl Into<Administrator>, name: &str, edit: Edit) -> Result<Role> {
    let by = by.into();
    by.require_demander(edit.factor_from.is_some())?;
    if edit.permissions.is_some() {
        // Who found a key may hold the role that it would widen.
        by.require_person()?;
    }
    let (kw, name) = (by.kw.clone(), name.to_owned());
    kw.change(move |change| {
        let old = held(change, &by, &name)?;
        require_changeable(&old, &edit)?;
        let new = edited(&old, &edit);
        write(change, (&old, &new))?;
        record(change, (&old, &new), |what| {
            by.event(what).with_role(&new.name)
        })?;
        Ok(new)
    })
}

/// # Errors
/// As [`change_role`]; `CONFLICT` where somebody holds it.
pub fn remove_role(by: impl Into<Administrator>, name: &str) -> Result<()> {
    let by = by.into();
    // Whoever makes it again must know who held it.
    by.require_person()?;
    let (kw, name) = (by.kw.clone(), name.to_owned());
    kw.change(move |change| {
        let role = held(change, &by, &name)?;
        require_removable(&role)?;
        remove(change, &role)?;
        change.record(&by.event(What::RoleRemoved).with_role(&role.name))
    })
}

/// Its holders and the administrator are held by their ids, then the role.
fn held<'t>(change: &mut Change<'t>, by: &Administrator, name: &str) -> Result<Held<'t, Role>> {
    let holders = organization_roles::holders_of(change, name)?;
    by.hold_all(change, holders)?;
    change.hold_role(name)?.ok_or_else(no_role)
}
