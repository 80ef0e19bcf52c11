//! Writes down when API keys were last used: seldom, and never while somebody waits for it.

use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::api_keys;

/// Each in a transaction of its own, so that none holds two keys and waits for a third.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`; what was noted is lost then, and noted again with the next use.
pub fn flush(kw: &Keyward) -> Result<()> {
    for (key, at) in kw.memory.api_keys.take_used() {
        kw.store
            .write(move |tx| api_keys::used(tx, key, at).map_err(Error::from))?;
    }
    Ok(())
}
