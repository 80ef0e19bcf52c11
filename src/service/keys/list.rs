//! The keys that may still verify, for administrators and for verifiers elsewhere.

use crate::crypto::key_ring::KeyState;
use crate::domain::algorithm::Algorithm;
use crate::service::keyward::Keyward;
use crate::support::clock::Timestamp;

pub struct KeyStatus {
    pub id: String,
    pub algorithm: Algorithm,
    pub activates_at: Timestamp,
    pub state: KeyState,
}

/// Every key that may still verify, oldest first.
#[must_use]
pub fn list(kw: &Keyward) -> Vec<KeyStatus> {
    kw.ring
        .load()
        .states(kw.clock.now())
        .map(|(held, state)| KeyStatus {
            id: held.key.id().to_owned(),
            algorithm: held.key.algorithm(),
            activates_at: held.activates_at,
            state,
        })
        .collect()
}

/// The JWK set, for verifiers elsewhere.
#[must_use]
pub fn jwks(kw: &Keyward) -> serde_json::Value {
    kw.ring.load().jwks(kw.clock.now())
}
