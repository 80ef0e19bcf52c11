//! What the caller may know of their own account.

use crate::domain::account::Account;
use crate::service::actor::{Actor, is_theirs};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::accounts;

pub use crate::service::actor::account_of as of;

/// The caller's account, and whether it has a second factor that counts.
///
/// # Errors
/// `INVALID_TOKEN` where the account is gone or disabled.
pub fn with_factor(kw: &Keyward, actor: &Actor) -> Result<(Account, bool)> {
    kw.store
        .read(|db| accounts::lookup_with_factor(db, actor.account()))?
        .filter(|(account, _)| is_theirs(account, actor))
        .ok_or_else(Error::token)
}
