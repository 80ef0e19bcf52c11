//! What every act is given: the store, the clock, the keys, the lanes and the policy.
//! A cheap handle; clones are the same Keyward.

use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::hmac;

use crate::crypto::device::Devices;
use crate::crypto::key_ring::KeyRing;
use crate::crypto::master_key::MasterKey;
use crate::crypto::password::hasher::PasswordHasher;
use crate::crypto::refresh_token::RefreshTokens;
use crate::crypto::sealed::Sealer;
use crate::crypto::session_id::SessionIds;
use crate::crypto::totp::RecoveryCodes;
use crate::domain::algorithm::Algorithm;
use crate::domain::claims::Expected;
use crate::domain::rotation;
use crate::domain::session::Class;
use crate::lanes::password_lane::PasswordLane;
use crate::service::memory::revoked::Revoked;
use crate::service::memory::seen_generations::Seen;
use crate::service::tokens::authenticate::VerifiedTokens;
use crate::store::Store;
use crate::support::clock::Clock;
use crate::support::entropy::Entropy;

/// The operator's decisions, as far as acts need them.
#[derive(Clone, Debug)]
pub struct Policy {
    pub issuer: String,
    pub audience: String,
    pub algorithm: Algorithm,
    pub access_ttl: Duration,
    pub refresh_ttl: Duration,
    pub session_max_ttl: Duration,
    pub oisp_ttl: Duration,
    pub exchange_window: Duration,
    pub rotation: rotation::Policy,
    pub password_min_length: usize,
    pub require_verified_email: bool,
    /// How long a signing key signs before the next one is published. Zero: only by hand.
    pub key_life: Duration,
    /// So many failed sign-ins within a minute are told of. Zero: never.
    pub failure_alarm: i64,
    /// The name of this deployment in authenticator apps.
    pub totp_issuer: String,
}

impl Policy {
    /// How long an access token of this class lives (decision 3).
    #[must_use]
    pub const fn access_ttl(&self, class: Class) -> Duration {
        match class {
            Class::Standard => self.access_ttl,
            Class::Oisp => self.oisp_ttl,
        }
    }

    /// How long a session of this class lives unless it is renewed. A class without a
    /// refresh token is idle only once its one token has ended.
    #[must_use]
    pub fn idle_ttl(&self, class: Class) -> Duration {
        match class {
            Class::Standard => self.refresh_ttl,
            Class::Oisp => self.oisp_ttl + self.refresh_ttl,
        }
    }

    /// How long after its end an access token can be exchanged (semantics 2, rule 1).
    #[must_use]
    pub const fn exchange_window(&self, class: Class) -> Duration {
        match class {
            Class::Standard => self.exchange_window,
            Class::Oisp => self.refresh_ttl,
        }
    }

    #[must_use]
    pub fn longest_access_ttl(&self) -> Duration {
        self.access_ttl.max(self.oisp_ttl)
    }

    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            longest_life_seconds: i64::try_from(self.longest_access_ttl().as_secs())
                .unwrap_or(i64::MAX),
        }
    }
}

/// What the composition root hands in.
pub struct Parts {
    pub policy: Policy,
    pub store: Store,
    pub clock: Clock,
    pub entropy: Entropy,
    pub hasher: PasswordHasher,
    pub lane: PasswordLane,
}

pub struct Inner {
    pub policy: Policy,
    pub store: Store,
    pub clock: Clock,
    pub entropy: Entropy,
    pub hasher: Arc<PasswordHasher>,
    pub lane: PasswordLane,
    pub(in crate::service) expected: Expected,
    pub(in crate::service) refresh_tokens: RefreshTokens,
    pub(in crate::service) session_ids: SessionIds,
    pub(in crate::service) key_sealer: Sealer,
    pub(in crate::service) exchange_ids: hmac::Key,
    pub(in crate::service) limit_keys: hmac::Key,
    pub(in crate::service) factor_sealer: Sealer,
    pub(in crate::service) recovery_codes: RecoveryCodes,
    pub(in crate::service) devices: Devices,
    pub(in crate::service) ring: ArcSwap<KeyRing>,
    pub(in crate::service) loading_keys: Mutex<()>,
    pub(in crate::service) verified: VerifiedTokens,
    pub(in crate::service) revoked: Revoked,
    pub(in crate::service) seen: Seen,
}

#[derive(Clone)]
pub struct Keyward(pub(in crate::service) Arc<Inner>);

impl Keyward {
    #[must_use]
    pub fn new(parts: Parts, master: &MasterKey) -> Self {
        Self(Arc::new(Inner {
            expected: parts.policy.expected(),
            policy: parts.policy,
            store: parts.store,
            clock: parts.clock,
            entropy: parts.entropy,
            hasher: Arc::new(parts.hasher),
            lane: parts.lane,
            refresh_tokens: RefreshTokens::new(master),
            session_ids: SessionIds::new(master),
            key_sealer: Sealer::new(master, "keyward-signing-keys"),
            exchange_ids: master.hmac_sha256("keyward-exchange-ids"),
            limit_keys: master.hmac_sha256("keyward-limits"),
            factor_sealer: Sealer::new(master, "keyward-factors"),
            recovery_codes: RecoveryCodes::new(master),
            devices: Devices::new(master),
            ring: ArcSwap::from_pointee(KeyRing::default()),
            loading_keys: Mutex::default(),
            verified: VerifiedTokens::new(),
            revoked: Revoked::default(),
            seen: Seen::default(),
        }))
    }
}

impl Keyward {
    /// Lets go of it as the last one, so that its connections are closed when this is back:
    /// waits, for a second at the most, until no request holds it any more.
    pub fn close(self) {
        for _ in 0..100 {
            if Arc::strong_count(&self.0) == 1 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Deref for Keyward {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}
