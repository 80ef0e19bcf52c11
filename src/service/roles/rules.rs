//! What a role may be, whoever makes it.

use std::collections::BTreeSet;

use crate::domain::access::ADMINISTRATOR;
use crate::domain::event::{Event, What, demand};
use crate::domain::organization::{Name, OWNER, Role, Scope};
use crate::domain::permission::{MOST, OWN, OWNS, SERVICE, may_be_held};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::membership::inviter::end_dead;
use crate::store::organization_roles;
use crate::support::clock::Timestamp;

/// A role to be made.
#[derive(Clone)]
pub struct New {
    pub name: Name,
    pub description: String,
    pub permissions: BTreeSet<String>,
    pub factor_from: Option<Timestamp>,
}

/// What is to be changed of a role.
#[derive(Clone, Default)]
pub struct Edit {
    pub description: Option<String>,
    pub permissions: Option<BTreeSet<String>>,
    /// From when on a second factor is asked of its holders; of nobody where it says none.
    pub factor_from: Option<Option<Timestamp>>,
}

/// # Errors
/// `INVALID_PAYLOAD` where one of them is no permission, or one that no role may be given.
pub fn words(words: Vec<String>) -> Result<BTreeSet<String>> {
    let wrong = "\"permissions\" must be a list of at most 256 words of the form thing:deed; of \
                 Keyward's own things those that GET /auth/organizations/{id}/roles shows, but for \
                 organization:own, which is the owner's alone";
    let fits = |word: &String| may_be_held(word) && word != OWNS;
    if words.len() > MOST || !words.iter().all(fits) {
        return Err(Error::payload(wrong));
    }
    Ok(words.into_iter().collect())
}

/// A role is addressed by its name (`/auth/roles/{role}`): clients and proxies take dots for a step up
/// and a slash for the end of a part, however they are written.
///
/// # Errors
/// `INVALID_PAYLOAD`.
pub(in crate::service::roles) fn require_addressable(name: &Name) -> Result<()> {
    let canonical = name.canonical();
    if [".", ".."].contains(&canonical) || canonical.contains(['/', '\\']) {
        return Err(Error::payload(
            "\"name\" stands in the role's address: it can not be \".\" or \"..\", and holds no / \
             and no \\",
        ));
    }
    Ok(())
}

/// Whoever makes an organization gives every permission in it away, so no role that is held in one
/// may speak of the whole service. A role of the service is held in no organization: what it said of
/// one would be told, by every token, of whichever organization that token names.
///
/// # Errors
/// `INVALID_PAYLOAD`.
pub(in crate::service::roles) fn require_fitting(
    kw: &Keyward,
    scope: Scope,
    permissions: &BTreeSet<String>,
) -> Result<()> {
    kw.require_known(permissions)?;
    let (foreign, words) = match scope {
        Scope::Organization => (SERVICE, "in the whole service: no role of organizations"),
        Scope::Service => (OWN, "in an organization: no role of the service"),
    };
    let mut permissions = permissions.iter();
    match permissions.find(|word| foreign.contains(&word.as_str())) {
        Some(word) => Err(Error::payload(format!(
            "\"{word}\" is a permission {words} may hold it"
        ))),
        None => Ok(()),
    }
}

/// # Errors
/// `CONFLICT` for the two that everything else stands on. A second factor may be asked of them.
pub(in crate::service::roles) fn require_changeable(role: &Role, edit: &Edit) -> Result<()> {
    if edit.description.is_none() && edit.permissions.is_none() {
        return Ok(());
    }
    require_removable(role)
}

/// # Errors
/// `CONFLICT` for the same two.
pub(in crate::service::roles) fn require_removable(role: &Role) -> Result<()> {
    if role.organization.is_none() && [ADMINISTRATOR, OWNER].contains(&role.key.as_str()) {
        return Err(Error::new(Code::Conflict, "That role can not be changed."));
    }
    Ok(())
}

/// The role as it will be.
pub(in crate::service::roles) fn edited(role: &Role, edit: &Edit) -> Role {
    let mut new = role.clone();
    if let Some(description) = &edit.description {
        new.description.clone_from(description);
    }
    if let Some(permissions) = &edit.permissions {
        new.permissions.clone_from(permissions);
    }
    if let Some(from) = edit.factor_from {
        new.factor_from = from;
    }
    new
}

/// Writes the role. Whoever holds it is held; where it shrinks, or a second factor is asked for from
/// another instant on, their tokens are outdated.
pub(in crate::service::roles) fn write(
    change: &mut Change<'_>,
    (old, new): (&Role, &Role),
) -> Result<()> {
    // What it held before was known by then.
    let more: BTreeSet<String> = new
        .permissions
        .difference(&old.permissions)
        .cloned()
        .collect();
    require_fitting(change.kw, new.scope, &more)?;
    organization_roles::set(change, new)?;
    if old.permissions.is_subset(&new.permissions) && old.factor_from == new.factor_from {
        return Ok(());
    }
    let holders = organization_roles::holders_of(change, &old.key)?;
    change.outdate_all(&holders)
}

/// What happened to the role, for the audit log.
pub(in crate::service::roles) fn record(
    change: &mut Change<'_>,
    (old, new): (&Role, &Role),
    edit: &Edit,
    event: impl Fn(What) -> Event,
) -> Result<()> {
    if edit.factor_from.is_none() || edit.description.is_some() || edit.permissions.is_some() {
        change.record(&event(What::RoleChanged))?;
    }
    if old.factor_from != new.factor_from {
        change.record(&demand(new.factor_from, event))?;
    }
    Ok(())
}

/// # Errors
/// `CONFLICT` where somebody holds it.
pub(in crate::service::roles) fn remove(change: &mut Change<'_>, role: &Role) -> Result<()> {
    end_dead(change, &role.key)?;
    let now = change.now;
    if organization_roles::count_holders(change, &role.key, now)? > 0 {
        return Err(Error::new(
            Code::Conflict,
            "Somebody holds that role, or is invited to it: give them another one first.",
        ));
    }
    Ok(organization_roles::remove(change, &role.key)?)
}

#[must_use]
pub fn no_role() -> Error {
    Error::new(Code::NotFound, "There is no such role.")
}

#[must_use]
pub fn taken() -> Error {
    Error::new(Code::Conflict, "There is a role of that name.")
}
