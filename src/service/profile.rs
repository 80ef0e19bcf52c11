//! What the caller may know of their own account.

use super::authenticate::Principal;
use super::context::Keyward;
use super::error::{Error, Result};
use crate::domain::account::Account;
use crate::store::accounts;

/// The caller's account, read now.
///
/// # Errors
/// `INVALID_TOKEN` where it is gone or disabled; `SERVICE_UNAVAILABLE`.
pub fn of(kw: &Keyward, principal: &Principal) -> Result<Account> {
    kw.store
        .read(|db| accounts::lookup(db, principal.account()))?
        .filter(|account| account.enabled && account.epoch == principal.claims.epoch)
        .ok_or_else(Error::token)
}
