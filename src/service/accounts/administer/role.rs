//! Roles, as administrators define, grant and take them.

use crate::domain::access::ADMINISTRATOR;
use crate::domain::event::What;
use crate::domain::id::AccountId;
use crate::domain::organization::Scope;
use crate::service::accounts::administer::frame::change_by;
use crate::service::accounts::only_administrator::require_another_administrator;
use crate::service::administrator::Administrator;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::store::{organization_roles, roles};

pub fn define_role(kw: &Keyward, name: &str, permissions: &[&str]) -> Result<()> {
    let name = name.to_owned();
    let permissions: Vec<String> = permissions.iter().map(|&text| text.to_owned()).collect();
    kw.store.write(move |tx| {
        let permissions: Vec<&str> = permissions.iter().map(String::as_str).collect();
        roles::define(tx, &name, &permissions).map_err(Error::from)
    })
}

/// Takes effect at the account's next refresh.
///
/// # Errors
/// `NOT_FOUND` where there is no such account or role; `CONFLICT` where it has too many;
/// `FORBIDDEN` for an API key; `SERVICE_UNAVAILABLE`.
pub fn grant_role(by: impl Into<Administrator>, account: AccountId, role: &str) -> Result<()> {
    let (by, role) = (by.into(), role.to_owned());
    // Who found a key must not stay by whom they made powerful.
    by.require_person()?;
    let event = by.event(What::RoleGranted).with_role(&role);
    change_by(by, account, event, move |change| {
        let now = change.now;
        keep_role(change, &role)?;
        require_room(change, account, &role)?;
        roles::grant(change, account, &role, now)?;
        Ok(())
    })
}

/// The most bytes that the names of an account's roles have: all stand in each of its tokens,
/// and in a header behind a proxy.
const MOST_NAMES: usize = 1000;

/// # Errors
/// `CONFLICT`.
pub(in crate::service) fn require_room(
    change: &mut Change<'_>,
    account: AccountId,
    role: &str,
) -> Result<()> {
    let held = roles::access_of(change, account)?.roles;
    // As a token writes them: a quote or a backslash is two.
    let written = |name: &str| name.len() + name.matches(['"', '\\']).count();
    let bytes: usize = held.iter().map(|name| written(name)).sum();
    if held.contains(role) || bytes + written(role) <= MOST_NAMES {
        return Ok(());
    }
    let message = format!(
        "The names of the account's roles have {bytes} bytes already, and {MOST_NAMES} is the \
         most, because each token names them: take a role away first, or make one role of several."
    );
    Err(Error::new(Code::Conflict, message))
}

/// Before it is given: nobody changes or removes it meanwhile.
///
/// # Errors
/// `NOT_FOUND`.
fn keep_role(change: &mut Change<'_>, role: &str) -> Result<()> {
    if organization_roles::keep(change, role, Scope::Service)? {
        return Ok(());
    }
    Err(no_role())
}

fn no_role() -> Error {
    Error::new(Code::NotFound, "There is no such role.")
}

/// Takes effect at once: tokens that still hold the role are refused everywhere.
///
/// # Errors
/// `NOT_FOUND` where there is no such account or role; `CONFLICT` where nobody would be left who
/// administers; `SERVICE_UNAVAILABLE`.
pub fn take_role(by: impl Into<Administrator>, account: AccountId, role: &str) -> Result<()> {
    let (by, role) = (by.into(), role.to_owned());
    let event = by.event(What::RoleTaken).with_role(&role);
    change_by(by, account, event, move |change| {
        if !roles::is_there(change, &role)? {
            return Err(no_role());
        }
        if role == ADMINISTRATOR {
            require_another_administrator(change, account)?;
        }
        if roles::take(change, account, &role)? {
            change.outdate_access(account)?;
        }
        Ok(())
    })
}
