//! Rotating signing keys: the next one is published before it signs.

use std::time::Duration;

use crate::crypto::key_ring::KeyState;
use crate::crypto::signing_key::SigningKey;
use crate::domain::event::What;
use crate::service::administrator::Administrator;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::signing_keys::{
    HeldKeys, NOTICE, algorithm_of_now, change_keys, load, require_of_now, unusable,
};
use crate::support::clock::Timestamp;

/// A key that is in the JWKS, and when it begins to sign.
#[derive(Debug)]
pub struct Published {
    pub id: String,
    pub from: Timestamp,
}

/// Makes the next key, or lets one sign sooner that would wait for an instant of a clock that was
/// ahead. Gives its id and when it begins to sign.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`; `CONFLICT` where a next key waits already.
pub fn rotate(by: impl Into<Administrator>) -> Result<Published> {
    let by = by.into();
    let kw = &by.kw.clone();
    let now = kw.clock.now();
    let algorithm = algorithm_of_now(kw)?;
    let bytes = SigningKey::generate(algorithm, &kw.entropy).map_err(unusable)?;
    let from = now + NOTICE;
    let id = change_keys(kw, move |change| {
        by.hold_own(change)?;
        // Asked of the database: another replica may have been first.
        let mut keys = HeldKeys::hold(change)?;
        let stored = keys.list()?;
        let next = stored.iter().find(|key| key.activates_at > now);
        if let Some(next) = next.filter(|key| waits(key.activates_at, now)) {
            let told = format!(
                "key {} waits already: it signs from {}",
                next.id, next.activates_at
            );
            return Err(Error::new(Code::Conflict, told));
        }
        require_of_now(&stored, algorithm)?;
        let id = match next.filter(|key| key.algorithm == algorithm) {
            Some(next) => {
                keys.set_activation(&next.id, from)?;
                next.id.clone()
            }
            None => keys.add(algorithm, &bytes, from)?,
        };
        change.record(&by.event(What::KeyRotated))?;
        Ok(id)
    })?;
    Ok(Published { id, from })
}

/// How much the clocks of processes may differ.
const DOUBT: Duration = Duration::from_secs(60);

/// Whether the next key has this instant by a clock that is right: one that was ahead would let it
/// wait for as long as it was, and every other one behind it.
fn waits(from: Timestamp, now: Timestamp) -> bool {
    from <= now + NOTICE + DOUBT
}

/// Publishes the next key when the active one has signed for long enough.
/// Housekeeping asks this.
pub fn rotate_when_due(kw: &Keyward) -> Result<()> {
    let now = kw.clock.now();
    let life = kw.policy.key_life;
    let due = {
        let ring = kw.ring.load();
        let next = ring
            .states(now)
            .any(|(held, state)| state == KeyState::Next && waits(held.activates_at, now));
        let active = ring
            .states(now)
            .find(|(_, state)| *state == KeyState::Active);
        !next && active.is_some_and(|(held, _)| now + NOTICE >= held.activates_at + life)
    };
    if !due || life.is_zero() {
        return Ok(());
    }
    match rotate(kw) {
        Ok(Published { id, from }) => {
            log::info!("signing key {id} is published and signs from {from}");
            Ok(())
        }
        Err(error) if error.code == Code::Conflict => load(kw),
        Err(error) => Err(error),
    }
}
