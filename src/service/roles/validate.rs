//! What a role may be, whoever makes it.

use std::collections::BTreeSet;

use crate::domain::organization::{Name, OWNER, Role, Scope};
use crate::domain::rights::access::ADMINISTRATOR;
use crate::domain::rights::permission::{MOST, OWN, OWNS, SERVICE, may_be_held};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
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

#[must_use]
pub fn no_role() -> Error {
    Error::new(Code::NotFound, "There is no such role.")
}

#[must_use]
pub fn taken() -> Error {
    Error::new(Code::Conflict, "There is a role of that name.")
}
