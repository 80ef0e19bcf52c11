//! Replacing every key at once.

use crate::domain::event::What;
use crate::service::administrator::Administrator;
use crate::service::error::Result;
use crate::service::tokens::signing_keys::replace_all;

/// A key was known to others: a new one signs at once, and no token of an older one is
/// believed any more. Sessions live on; a refresh gives a token of the new key.
///
/// # Errors
/// `FORBIDDEN` for an API key: nobody makes the tokens of before good again.
pub fn replace_compromised(by: impl Into<Administrator>) -> Result<String> {
    let by = by.into();
    by.require_person()?;
    let (id, ()) = replace_all(by, What::KeyCompromised, |_| Ok(()))?;
    Ok(id)
}
