//! What the caller may know of their own account.

use super::authenticate::Principal;
use super::context::Keyward;
use super::error::{Error, Result};
use crate::domain::account::Account;
use crate::store::{AnyConnection, accounts, factors};

/// The caller's account, read now.
///
/// # Errors
/// `INVALID_TOKEN` where it is gone or disabled; `SERVICE_UNAVAILABLE`.
pub fn of(kw: &Keyward, principal: &Principal) -> Result<Account> {
    kw.store.read(|db| read(db, principal))
}

/// The same, and whether it has a second factor that counts.
///
/// # Errors
/// As [`of`].
pub fn with_factor(kw: &Keyward, principal: &Principal) -> Result<(Account, bool)> {
    kw.store.read(|db| {
        let account = read(db, principal)?;
        let factor = factors::active_of(db, account.id)?;
        Ok((account, factor.is_some()))
    })
}

fn read(db: &mut AnyConnection, principal: &Principal) -> Result<Account> {
    accounts::lookup(db, principal.account())?
        .filter(|account| account.enabled && account.epoch == principal.claims.epoch)
        .ok_or_else(Error::token)
}
