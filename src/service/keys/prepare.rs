//! The keys of a start.

use crate::crypto::signing_key::SigningKey;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::service::tokens::signing_keys::{
    HeldKeys, NOTICE, change_keys, load_youngest, unusable,
};

/// Reads the keys; makes one where there is none, or none of the algorithm set. The
/// very first key signs at once, others after [`NOTICE`].
///
/// # Errors
/// Where a key can not be opened: the secret is another one than when it was made.
pub fn prepare(kw: &Keyward) -> Result<()> {
    let algorithm = kw.policy.algorithm;
    // With another secret this fails before a key is added that nobody else can open. What
    // was read here decides: a second look may find the key that another replica has made in
    // between, which this ring does not hold.
    if load_youngest(kw)? == Some(algorithm) {
        return Ok(());
    }
    let bytes = SigningKey::generate(algorithm, &kw.entropy).map_err(unusable)?;
    change_keys(kw, move |change| {
        let now = change.now;
        let mut keys = HeldKeys::hold(change)?;
        // Asked again: replicas that start together make one key.
        let stored = keys.list()?;
        if stored.last().is_some_and(|key| key.algorithm == algorithm) {
            return Ok(());
        }
        let from = if stored.is_empty() { now } else { now + NOTICE };
        keys.add(algorithm, &bytes, from)?;
        Ok(())
    })
}

/// Puts a key of one's own in: tests need tokens that are the same in every run.
///
/// # Errors
/// Where it is no key of the algorithm set.
pub fn import(kw: &Keyward, bytes: Vec<u8>) -> Result<()> {
    let algorithm = kw.policy.algorithm;
    change_keys(kw, move |change| {
        let now = change.now;
        let added = HeldKeys::hold(change)?.add(algorithm, &bytes, now);
        added.map(drop)
    })
}
