//! Writes the names of accounts as they are looked for, where they are older than the column for it.

use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::accounts::names;

/// So many accounts to a transaction.
const BATCH: i64 = 200;

/// An index knows the accounts that are left, so there is nothing to be read once there are none.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`; who is left comes next time.
pub(in crate::service::upkeep) fn complete(kw: &Keyward) -> Result<()> {
    loop {
        let looked_at = kw
            .store
            .write(move |tx| names::add_canonical(tx, BATCH).map_err(Error::from))?;
        if looked_at < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
}
