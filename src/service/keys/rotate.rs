//! Signing keys: made, sealed, stored, read and rotated (semantics 7).

use std::sync::PoisonError;
use std::time::Duration;

use crate::crypto::key_ring::{Held, KeyRing, State};
use crate::crypto::signing_key::SigningKey;
use crate::domain::algorithm::Algorithm;
use crate::domain::event::{Event, What};
use crate::domain::session::{Class, Client};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::store::signing_keys;
use crate::store::signing_keys::Stored;
use crate::support::clock::Timestamp;

/// How long verifiers may keep a JWKS: its `Cache-Control: max-age`.
pub const JWKS_CACHE: Duration = Duration::from_secs(300);

/// How long a new key is published before it signs: twice as long as it is cached.
pub const NOTICE: Duration = Duration::from_secs(600);

/// Reads the keys; makes one where there is none, or none of the algorithm set. The
/// very first key signs at once, others after [`NOTICE`].
///
/// # Errors
/// Where a key can not be opened: the secret is another one than when it was made.
pub fn prepare(kw: &Keyward) -> Result<()> {
    // With another secret this fails before a key is added that nobody else can open.
    load(kw)?;
    let stored = kw.store.read(signing_keys::list)?;
    let algorithm = kw.policy.algorithm;
    // Asked inside the transaction again: replicas that start together make one key.
    if stored.last().is_none_or(|key| key.algorithm != algorithm) {
        let bytes = SigningKey::generate(algorithm, &kw.entropy).map_err(unusable)?;
        kw.change(move |change| {
            signing_keys::hold(change)?;
            let stored = signing_keys::list(change)?;
            if stored.last().is_some_and(|key| key.algorithm == algorithm) {
                return Ok(());
            }
            let now = change.now;
            let from = if stored.is_empty() { now } else { now + NOTICE };
            add(change, algorithm, &bytes, from)?;
            change.tell_keys();
            Ok(())
        })?;
    }
    load(kw)
}

/// Reads the keys into the ring.
///
/// # Errors
/// As [`prepare`].
pub fn load(kw: &Keyward) -> Result<()> {
    // Who has read first stores first: an older list never takes the place of a newer one.
    let turn = kw.loading_keys.lock();
    let _turn = turn.unwrap_or_else(PoisonError::into_inner);
    let mut held = Vec::new();
    for stored in kw.store.read(signing_keys::list)? {
        let private = kw.keys.signing_keys.open(&stored.id, &stored.sealed).ok_or_else(|| {
            Error::defect(
                "a signing key in the database can not be opened: KEYWARD_SECRET is not the one \
                 with which it was made",
            )
        })?;
        let key = SigningKey::read(stored.algorithm, &private).map_err(unusable)?;
        held.push(Held {
            key,
            activates_at: stored.activates_at,
        });
    }
    let longest = kw.policy.longest_access_ttl()
        + kw.policy
            .exchange_window(Class::Standard)
            .max(kw.policy.exchange_window(Class::Oisp))
        + Duration::from_secs(60);
    kw.ring
        .store(std::sync::Arc::new(KeyRing::new(held, longest)));
    // What an old ring has verified, the new one might not.
    kw.memory.verified.clear();
    Ok(())
}

/// Puts a key of one's own in: tests need tokens that are the same in every run.
///
/// # Errors
/// Where it is no key of the algorithm set.
pub fn import(kw: &Keyward, bytes: Vec<u8>) -> Result<()> {
    let algorithm = kw.policy.algorithm;
    kw.change(move |change| add(change, algorithm, &bytes, change.now).map(|_| ()))?;
    load(kw)
}

/// Makes the next key. Gives its id and when it begins to sign.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`; `CONFLICT` where a next key waits already.
pub fn rotate(kw: &Keyward) -> Result<(String, Timestamp)> {
    let now = kw.clock.now();
    let algorithm = kw.policy.algorithm;
    let bytes = SigningKey::generate(algorithm, &kw.entropy).map_err(unusable)?;
    let from = now + NOTICE;
    let id = kw.change(move |change| {
        // Asked of the database: another replica may have been first.
        signing_keys::hold(change)?;
        let stored = signing_keys::list(change)?;
        if let Some(next) = stored.iter().find(|key| key.activates_at > now) {
            let told = format!(
                "key {} waits already: it signs from {}",
                next.id, next.activates_at
            );
            return Err(Error::new(Code::Conflict, told));
        }
        let id = add(change, algorithm, &bytes, from)?;
        change.record(&Event::new(What::KeyRotated, Client::default()))?;
        change.tell_keys();
        Ok(id)
    })?;
    load(kw)?;
    Ok((id, from))
}

/// A key was known to others: a new one signs at once, and no token of an older one is
/// believed any more. Sessions live on; a refresh gives a token of the new key.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn replace_compromised(kw: &Keyward) -> Result<String> {
    let (id, ()) = replace_all(kw, What::KeyCompromised, |_| Ok(()))?;
    Ok(id)
}

/// Puts one new key in the place of all, in the transaction of whatever `first` does: from
/// then on no access token that was ever given out is good. Gives the key's id.
pub(in crate::service) fn replace_all<T: Send + 'static>(
    kw: &Keyward,
    what: What,
    mut first: impl FnMut(&mut Change<'_>) -> Result<T> + Send + 'static,
) -> Result<(String, T)> {
    let algorithm = kw.policy.algorithm;
    let bytes = SigningKey::generate(algorithm, &kw.entropy).map_err(unusable)?;
    let done = kw.change(move |change| {
        signing_keys::hold(change)?;
        let done = first(change)?;
        signing_keys::remove_all(change)?;
        let id = add(change, algorithm, &bytes, change.now)?;
        change.record(&Event::new(what, Client::default()))?;
        change.tell_keys();
        Ok((id, done))
    })?;
    load(kw)?;
    Ok(done)
}

/// Publishes the next key when the active one has signed for long enough.
/// Housekeeping asks this.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn rotate_when_due(kw: &Keyward) -> Result<()> {
    let now = kw.clock.now();
    let life = kw.policy.key_life;
    let due = {
        let ring = kw.ring.load();
        let next = ring.states(now).any(|(_, state)| state == State::Next);
        let active = ring.states(now).find(|(_, state)| *state == State::Active);
        !next && active.is_some_and(|(held, _)| now + NOTICE >= held.activates_at + life)
    };
    if !due || life.is_zero() {
        return Ok(());
    }
    match rotate(kw) {
        Ok((id, from)) => {
            log::info!("signing key {id} is published and signs from {from}");
            Ok(())
        }
        Err(error) if error.code == Code::Conflict => load(kw),
        Err(error) => Err(error),
    }
}

/// Every key that may still verify: id, algorithm, state, oldest first.
#[must_use]
pub fn list(kw: &Keyward) -> Vec<(String, Algorithm, Timestamp, State)> {
    kw.ring
        .load()
        .states(kw.clock.now())
        .map(|(held, state)| {
            (
                held.key.id().to_owned(),
                held.key.algorithm(),
                held.activates_at,
                state,
            )
        })
        .collect()
}

/// The JWK set, for verifiers elsewhere.
#[must_use]
pub fn jwks(kw: &Keyward) -> serde_json::Value {
    kw.ring.load().jwks(kw.clock.now())
}

fn add(
    change: &mut Change<'_>,
    algorithm: Algorithm,
    bytes: &[u8],
    activates_at: Timestamp,
) -> Result<String> {
    let id = SigningKey::read(algorithm, bytes)
        .map_err(unusable)?
        .id()
        .to_owned();
    let sealed = change.kw.keys.signing_keys.seal(&id, bytes);
    let stored = Stored {
        id: id.clone(),
        algorithm,
        sealed,
        created_at: change.now,
        activates_at,
    };
    signing_keys::add(change, &stored)?;
    Ok(id)
}

fn unusable(error: crate::crypto::signing_key::Unusable) -> Error {
    Error::defect(error.to_string())
}
