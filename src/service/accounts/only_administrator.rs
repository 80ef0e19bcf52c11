//! Nobody takes the only administrator away by the interface: nobody could undo it there.

use crate::domain::id::AccountId;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::store::roles;

/// The account is held, and so are the administrators then, or the last two could leave at once.
///
/// # Errors
/// `CONFLICT` where the account is the only enabled administrator.
pub(in crate::service) fn require_another_administrator<'t>(
    change: &mut Change<'t>,
    account: Held<'t, AccountId>,
) -> Result<()> {
    let id = account.id();
    if !roles::access_of(change, id)?.is_admin() {
        return Ok(());
    }
    roles::hold_administrators(change)?;
    let only_verified = change.kw.policy.require_verified_email;
    if roles::is_the_only_administrator(change, id, only_verified)? {
        return Err(the_only_administrator());
    }
    Ok(())
}

pub(in crate::service) fn the_only_administrator() -> Error {
    Error::new(
        Code::Conflict,
        "This is the only administrator: without it nobody could administer this service. Make \
         another account an administrator first.",
    )
}
