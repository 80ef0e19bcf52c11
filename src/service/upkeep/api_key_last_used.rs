//! Writes down when API keys were last used: seldom, and never while somebody waits for it.

use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::api_keys;

/// Each in a transaction of its own, so that none holds two keys and waits for a third.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`; what was not written is kept for the next time.
pub fn flush(kw: &Keyward) -> Result<()> {
    let mut used = kw.memory.api_keys.take_used().into_iter();
    while let Some((key, at)) = used.next() {
        let written = kw
            .store
            .write(move |tx| api_keys::used(tx, key, at).map_err(Error::from));
        if let Err(error) = written {
            let left = std::iter::once((key, at)).chain(used);
            kw.memory.api_keys.keep_used(left);
            return Err(error);
        }
    }
    Ok(())
}
