//! The signing keys of the database: read into the ring, added, replaced (semantics 7).

use std::time::Duration;

use crate::crypto::key_ring::{Held, KeyRing};
use crate::crypto::signing_key::SigningKey;
use crate::domain::algorithm::Algorithm;
use crate::domain::event::What;
use crate::domain::session::Class;
use crate::service::administrator::Administrator;
use crate::service::change::Change;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::signing_keys;
use crate::store::signing_keys::SealedKey;
use crate::support::clock::Timestamp;

/// How long verifiers may keep a JWKS: its `Cache-Control: max-age`.
pub const JWKS_CACHE: Duration = Duration::from_secs(300);

/// How long a new key is published before it signs: twice as long as it is cached.
pub const NOTICE: Duration = Duration::from_secs(600);

/// Reads the keys into the ring.
///
/// # Errors
/// Where a key can not be opened: the secret is another one than when it was made.
pub fn load(kw: &Keyward) -> Result<()> {
    load_youngest(kw).map(drop)
}

/// The same, and gives the algorithm of the youngest: who decides by it decides by what the
/// ring holds.
pub(in crate::service) fn load_youngest(kw: &Keyward) -> Result<Option<Algorithm>> {
    // Who has read first stores first: an older list never takes the place of a newer one.
    let _turn = kw.loading_keys.lock();
    let mut held = Vec::new();
    for stored in kw.store.read(signing_keys::list)? {
        let private = kw.keys.signing.open(&stored.id, &stored.sealed).ok_or_else(|| {
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
    let youngest = held.last().map(|held| held.key.algorithm());
    let longest = kw.policy.longest_access_ttl()
        + kw.policy
            .exchange_window(Class::Standard)
            .max(kw.policy.exchange_window(Class::Oisp))
        + Duration::from_secs(60);
    kw.ring
        .store(std::sync::Arc::new(KeyRing::new(held, longest)));
    // What an old ring has verified, the new one might not.
    kw.memory.verified.clear();
    Ok(youngest)
}

/// The algorithm of the youngest key. Only a start changes it, by the server's settings: a
/// command that replaces a key may have been given others, or none.
pub(in crate::service) fn algorithm_of_now(kw: &Keyward) -> Result<Algorithm> {
    let stored = kw.store.read(signing_keys::list)?;
    let youngest = stored.last().map(|key| key.algorithm);
    Ok(youngest.unwrap_or(kw.policy.algorithm))
}

/// A key of this algorithm was made before the keys were held. A start may have added one of
/// another since, which is the algorithm of now.
///
/// # Errors
/// `SERVICE_UNAVAILABLE` where it has: whoever asks again makes a key of that.
pub(in crate::service) fn require_of_now(stored: &[SealedKey], made: Algorithm) -> Result<()> {
    match stored.last() {
        Some(youngest) if youngest.algorithm != made => Err(Error::busy(
            "the algorithm of signing keys has just changed",
        )),
        _ => Ok(()),
    }
}

/// Puts one new key in the place of all, in the transaction of whatever `first` does: from
/// then on no access token that was ever given out is good. Gives the key's id.
pub(in crate::service) fn replace_all<T: Send + 'static>(
    by: impl Into<Administrator>,
    what: What,
    mut first: impl FnMut(&mut Change<'_>) -> Result<T> + Send + 'static,
) -> Result<(String, T)> {
    let by = by.into();
    let kw = &by.kw.clone();
    let algorithm = algorithm_of_now(kw)?;
    let bytes = SigningKey::generate(algorithm, &kw.entropy).map_err(unusable)?;
    change_keys(kw, move |change| {
        by.hold_own(change)?;
        let mut keys = HeldKeys::hold(change)?;
        require_of_now(&keys.list()?, algorithm)?;
        let done = first(keys.change)?;
        let id = keys.replace_all(algorithm, &bytes)?;
        change.record(&by.event(what))?;
        Ok((id, done))
    })
}

/// Runs an act that changes the keys, and reads them into this process's ring once that is committed.
pub(in crate::service) fn change_keys<T: Send + 'static>(
    kw: &Keyward,
    act: impl FnMut(&mut Change<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = kw.change(act)?;
    load(kw)?;
    Ok(done)
}

/// The keys, as nobody else changes them until the transaction ends. What changes them tells every
/// other process.
pub(in crate::service) struct HeldKeys<'c, 't> {
    change: &'c mut Change<'t>,
}

impl<'c, 't> HeldKeys<'c, 't> {
    pub(in crate::service) fn hold(change: &'c mut Change<'t>) -> Result<Self> {
        signing_keys::hold(change)?;
        Ok(Self { change })
    }

    /// Oldest first.
    pub(in crate::service) fn list(&mut self) -> Result<Vec<SealedKey>> {
        Ok(signing_keys::list(self.change)?)
    }

    /// Adds a key, its private part sealed, that signs from this instant on. Gives its id.
    pub(in crate::service) fn add(
        &mut self,
        algorithm: Algorithm,
        bytes: &[u8],
        activates_at: Timestamp,
    ) -> Result<String> {
        let id = SigningKey::read(algorithm, bytes)
            .map_err(unusable)?
            .id()
            .to_owned();
        let sealed = self.change.kw.keys.signing.seal(&id, bytes);
        let stored = SealedKey {
            id: id.clone(),
            algorithm,
            sealed,
            created_at: self.change.now,
            activates_at,
        };
        signing_keys::add(self.change, &stored)?;
        self.change.tell_keys();
        Ok(id)
    }

    pub(in crate::service) fn set_activation(&mut self, id: &str, from: Timestamp) -> Result<()> {
        signing_keys::set_activation(self.change, id, from)?;
        self.change.tell_keys();
        Ok(())
    }

    /// Adds a key that signs at once, in the place of all others.
    fn replace_all(&mut self, algorithm: Algorithm, bytes: &[u8]) -> Result<String> {
        signing_keys::remove_all(self.change)?;
        let now = self.change.now;
        self.add(algorithm, bytes, now)
    }
}

pub(in crate::service) fn unusable(error: crate::crypto::signing_key::UnusableKey) -> Error {
    Error::defect(error.to_string())
}
