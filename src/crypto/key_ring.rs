//! The keys of the moment. Their states follow from instants alone (semantics 7): a
//! key is `next` until it activates, `active` until a younger one does, then
//! `retired` until the last token it signed has ended. Every replica that has read
//! the same rows agrees, without a word between them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::crypto::signing_key::SigningKey;
use crate::support::clock::Timestamp;

/// How long after its successor took over a key may still have signed: a replica that is
/// slow to learn, or whose clock is behind.
const HANDOVER: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    Next,
    Active,
    Retired { until: Timestamp },
}

pub struct Held {
    pub key: SigningKey,
    pub activates_at: Timestamp,
}

#[derive(Clone)]
struct RingEntry {
    key: Arc<Held>,
    /// When its successor activates and so this key stops to sign.
    superseded_at: Option<Timestamp>,
    verifies_until: Option<Timestamp>,
}

#[derive(Default)]
pub struct KeyRing {
    /// Oldest first.
    entries: Vec<RingEntry>,
    by_id: HashMap<String, usize>,
}

impl KeyRing {
    /// `longest_use`: how long after its signing a token may still be shown.
    #[must_use]
    pub fn new(mut held: Vec<Held>, longest_use: Duration) -> Self {
        held.sort_by_key(|held| held.activates_at);
        let starts: Vec<_> = held.iter().map(|held| held.activates_at).collect();
        let entries: Vec<_> = held
            .into_iter()
            .enumerate()
            .map(|(i, held)| {
                let superseded_at = starts.get(i + 1).copied();
                RingEntry {
                    key: Arc::new(held),
                    superseded_at,
                    verifies_until: superseded_at.map(|at| at + longest_use),
                }
            })
            .collect();
        let by_id = entries
            .iter()
            .enumerate()
            .map(|(i, entry)| (entry.key.key.id().to_owned(), i))
            .collect();
        Self { entries, by_id }
    }

    /// The key that signs now: the youngest that is active. Before the first
    /// activation the oldest one, so that there always is one.
    #[must_use]
    pub fn signer(&self, now: Timestamp) -> Option<&SigningKey> {
        self.entries
            .iter()
            .rev()
            .find(|entry| entry.key.activates_at <= now)
            .or(self.entries.first())
            .map(|entry| &entry.key.key)
    }

    /// The key by that id, unless it is retired for good. A key that is still `next`
    /// verifies too: a replica's clock may be a little behind.
    #[must_use]
    pub fn verifier(&self, id: &str, now: Timestamp) -> Option<&SigningKey> {
        let entry = self.entries.get(*self.by_id.get(id)?)?;
        entry
            .verifies_until
            .is_none_or(|until| now < until)
            .then_some(&entry.key.key)
    }

    /// Whether the key signed at that instant, as far as anybody can tell. A retired key
    /// that was stolen makes no new tokens.
    #[must_use]
    pub fn could_sign(&self, id: &str, at: Timestamp) -> bool {
        let entry = self.by_id.get(id).and_then(|i| self.entries.get(*i));
        entry.is_some_and(|entry| entry.superseded_at.is_none_or(|end| at < end + HANDOVER))
    }

    /// Each key with its state, oldest first; those retired for good are left out.
    pub fn states(&self, now: Timestamp) -> impl Iterator<Item = (&Held, KeyState)> {
        self.entries.iter().filter_map(move |entry| {
            let state = match (entry.superseded_at, entry.verifies_until) {
                (Some(at), Some(until)) if at <= now => {
                    if until <= now {
                        return None;
                    }
                    KeyState::Retired { until }
                }
                _ if entry.key.activates_at > now => KeyState::Next,
                _ => KeyState::Active,
            };
            Some((entry.key.as_ref(), state))
        })
    }

    /// The JWK set (RFC 7517 section 5) of every key that may verify a token.
    #[must_use]
    pub fn jwks(&self, now: Timestamp) -> Value {
        let keys: Vec<_> = self
            .states(now)
            .filter_map(|(held, _)| held.key.jwk())
            .collect();
        json!({ "keys": keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::algorithm::Algorithm;
    use crate::support::entropy::Entropy;

    fn held(at: i64) -> Held {
        let bytes = SigningKey::generate(Algorithm::EdDsa, &Entropy::system()).unwrap();
        Held {
            key: SigningKey::read(Algorithm::EdDsa, &bytes).unwrap(),
            activates_at: Timestamp::from_millis(at),
        }
    }

    #[test]
    fn j21_states_follow_from_instants() {
        let (old, young) = (held(1000), held(5000));
        let (old_id, young_id) = (old.key.id().to_owned(), young.key.id().to_owned());
        let ring = KeyRing::new(vec![young, old], Duration::from_secs(10));
        let at = Timestamp::from_millis;
        let signer = |now| ring.signer(at(now)).unwrap().id().to_owned();
        assert_eq!(signer(0), old_id);
        assert_eq!(signer(4999), old_id);
        assert_eq!(signer(5000), young_id);
        assert!(ring.verifier(&young_id, at(1000)).is_some());
        assert!(ring.verifier(&old_id, at(14_999)).is_some());
        assert!(ring.verifier(&old_id, at(15_000)).is_none());
        assert!(ring.verifier("nobody", at(1000)).is_none());
        // It signed until its successor did, and a minute more.
        assert!(ring.could_sign(&old_id, at(64_999)));
        assert!(!ring.could_sign(&old_id, at(65_000)));
        assert!(ring.could_sign(&young_id, at(999_999_999)));
        assert!(!ring.could_sign("nobody", at(1000)));
        let states = |now| {
            ring.states(at(now))
                .map(|(_, state)| state)
                .collect::<Vec<_>>()
        };
        assert_eq!(states(1000), [KeyState::Active, KeyState::Next]);
        assert_eq!(
            states(5000),
            [KeyState::Retired { until: at(15_000) }, KeyState::Active]
        );
        assert_eq!(states(15_000), [KeyState::Active]);
        assert_eq!(ring.jwks(at(5000))["keys"].as_array().unwrap().len(), 2);
    }
}
