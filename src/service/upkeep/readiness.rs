//! Whether this process can do its work now.

use crate::domain::id::AccountId;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::accounts;

/// Whether tokens can be checked: the memory of revocations is young enough. Looks at memory
/// alone, so it never waits.
///
/// # Errors
/// `SERVICE_UNAVAILABLE` where it is not.
pub fn follows_revocations(kw: &Keyward) -> Result<()> {
    if kw.memory.revoked.is_fresh() {
        return Ok(());
    }
    Err(Error::busy("what was revoked can not be read"))
}

/// Whether people can sign in: the database takes writes.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`, with why not as its cause.
pub fn takes_writes(kw: &Keyward) -> Result<()> {
    // Any of its rows.
    kw.store.read(|db| accounts::lookup(db, AccountId::NIL))?;
    Ok(kw.store.assert_ready()?)
}
