//! What the caller may know of their own account.

use crate::domain::account::Account;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::authenticate::Principal;
use crate::store::accounts;

/// The caller's account, read now.
///
/// # Errors
/// `INVALID_TOKEN` where it is gone or disabled; `SERVICE_UNAVAILABLE`.
pub fn of(kw: &Keyward, principal: &Principal) -> Result<Account> {
    kw.store
        .read(|db| accounts::lookup(db, principal.account()))?
        .filter(|account| is_theirs(account, principal))
        .ok_or_else(Error::token)
}

/// The same, and whether it has a second factor that counts.
///
/// # Errors
/// As [`of`].
pub fn with_factor(kw: &Keyward, principal: &Principal) -> Result<(Account, bool)> {
    kw.store
        .read(|db| accounts::lookup_with_factor(db, principal.account()))?
        .filter(|(account, _)| is_theirs(account, principal))
        .ok_or_else(Error::token)
}

fn is_theirs(account: &Account, principal: &Principal) -> bool {
    account.enabled && account.epoch == principal.claims.epoch
}
