//! Roles, as administrators grant and take them.

use crate::domain::event::What;
use crate::domain::id::AccountId;
use crate::domain::organization::Scope;
use crate::domain::rights::access::ADMINISTRATOR;
use crate::service::account_changes::room_for_role::require_room;
use crate::service::accounts::administer::change_account::change_by;
use crate::service::accounts::only_administrator::require_another_administrator;
use crate::service::administrator::Administrator;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::store::{organization_roles, roles};

/// Takes effect at the account's next refresh. Whether the account had it not before.
///
/// # Errors
/// `NOT_FOUND` where there is no such account or role; `CONFLICT` where it has too many;
/// `FORBIDDEN` for an API key; `SERVICE_UNAVAILABLE`.
pub fn grant_role(by: impl Into<Administrator>, account: AccountId, role: &str) -> Result<bool> {
    let (by, role) = (by.into(), role.to_owned());
    // Who found a key must not stay by whom they made powerful.
    by.require_person()?;
    let event = by.event(What::RoleGranted).with_role(&role);
    change_by(by, account, event, move |change, _| {
        let now = change.now;
        keep_role(change, &role)?;
        require_room(change, account, &role)?;
        Ok(roles::grant(change, account, &role, now)?)
    })
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

/// Takes effect at once: tokens that still hold the role are refused everywhere. Whether the account
/// had it.
///
/// # Errors
/// `NOT_FOUND` where there is no such account or role; `CONFLICT` where nobody would be left who
/// administers; `SERVICE_UNAVAILABLE`.
pub fn take_role(by: impl Into<Administrator>, account: AccountId, role: &str) -> Result<bool> {
    let (by, role) = (by.into(), role.to_owned());
    let event = by.event(What::RoleTaken).with_role(&role);
    change_by(by, account, event, move |change, held| {
        if !roles::is_there(change, &role)? {
            return Err(no_role());
        }
        if role == ADMINISTRATOR {
            require_another_administrator(change, held)?;
        }
        let had = roles::take(change, account, &role)?;
        if had {
            change.outdate_access(account)?;
        }
        Ok(had)
    })
}
