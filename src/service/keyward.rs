//! What every act is given: the store, the clock, the keys, the lanes and the policy.
//! A cheap handle; clones are the same Keyward.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use aws_lc_rs::hmac;
use parking_lot::Mutex;

use crate::crypto::audit_chain::AuditChain;
use crate::crypto::browser_mark::Devices;
use crate::crypto::key_ring::KeyRing;
use crate::crypto::master_key::MasterKey;
use crate::crypto::one_time_code::OneTimeCodes;
use crate::crypto::password::hasher::PasswordHasher;
use crate::crypto::refresh_token::RefreshTokens;
use crate::crypto::sealed::Sealer;
use crate::crypto::session_id::SessionIds;
use crate::crypto::totp::RecoveryCodes;
use crate::domain::claims::Expected;
use crate::domain::session::{Client, Operator};
use crate::lanes::password_lane::PasswordLane;
use crate::lanes::store_lane::{Place, StoreLane, Undone};
use crate::mail::Mailer;
use crate::service::batched_queries::{Questions, Unanswered};
use crate::service::error::{Error, Result};
use crate::service::memory::Memory;
use crate::service::policy::Policy;
use crate::store::Store;
use crate::support::clock::Clock;
use crate::support::entropy::Entropy;
use crate::support::waker::Waker;

/// How many acts may wait for the database or run on it at once.
const STORE_LANE: usize = 1024;

/// What the composition root hands in.
pub struct Parts {
    pub policy: Policy,
    pub store: Store,
    pub clock: Clock,
    pub entropy: Entropy,
    pub hasher: PasswordHasher,
    pub lane: PasswordLane,
    pub mailer: Mailer,
}

pub struct Inner {
    pub policy: Policy,
    pub store: Arc<Store>,
    pub(in crate::service) questions: Questions,
    pub clock: Clock,
    pub entropy: Entropy,
    pub hasher: Arc<PasswordHasher>,
    pub store_lane: StoreLane,
    pub lane: PasswordLane,
    pub mailer: Mailer,
    /// Of the thread that sends mail.
    pub(in crate::service) postman: Waker,
    pub(in crate::service) expected: Expected,
    pub(in crate::service) keys: Keys,
    pub(in crate::service) ring: ArcSwap<KeyRing>,
    pub(in crate::service) loading_keys: Mutex<()>,
    /// Who runs a command; nobody, where it serves.
    operator: OnceLock<Client>,
    pub(in crate::service) memory: Memory,
}

/// The keys that are derived from `KEYWARD_SECRET`, one for each purpose (semantics 7).
pub(in crate::service) struct Keys {
    pub(in crate::service) refresh_tokens: RefreshTokens,
    pub(in crate::service) session_ids: SessionIds,
    pub(in crate::service) signing: Sealer,
    pub(in crate::service) exchange_ids: hmac::Key,
    pub(in crate::service) limits: hmac::Key,
    pub(in crate::service) factors: Sealer,
    pub(in crate::service) recovery_codes: RecoveryCodes,
    pub(in crate::service) one_time_codes: OneTimeCodes,
    pub(in crate::service) devices: Devices,
    pub(in crate::service) outbox: Sealer,
    pub(in crate::service) audit_chain: AuditChain,
}

impl Keys {
    fn derive(master: &MasterKey) -> Self {
        Self {
            refresh_tokens: RefreshTokens::new(master),
            session_ids: SessionIds::new(master),
            signing: Sealer::new(master, "keyward-signing-keys"),
            exchange_ids: master.hmac_sha256("keyward-exchange-ids"),
            limits: master.hmac_sha256("keyward-limits"),
            factors: Sealer::new(master, "keyward-factors"),
            recovery_codes: RecoveryCodes::new(master),
            one_time_codes: OneTimeCodes::new(master),
            devices: Devices::new(master),
            outbox: Sealer::new(master, "keyward-outbox"),
            audit_chain: AuditChain::new(master),
        }
    }
}

#[derive(Clone)]
pub struct Keyward(pub(in crate::service) Arc<Inner>);

impl Keyward {
    #[must_use]
    pub fn new(parts: Parts, master: &MasterKey) -> Self {
        // As many sign-ins go on as are hashed for, and two that read and write meanwhile.
        let store_lane = StoreLane::with(STORE_LANE, parts.lane.threads() + 2);
        let store = Arc::new(parts.store);
        Self(Arc::new(Inner {
            expected: parts.policy.expected(),
            policy: parts.policy,
            questions: Questions::new(&store, &store_lane),
            store,
            store_lane,
            clock: parts.clock,
            entropy: parts.entropy,
            hasher: Arc::new(parts.hasher),
            lane: parts.lane,
            mailer: parts.mailer,
            postman: Waker::default(),
            keys: Keys::derive(master),
            ring: ArcSwap::from_pointee(KeyRing::default()),
            loading_keys: Mutex::default(),
            operator: OnceLock::new(),
            memory: Memory::default(),
        }))
    }
}

impl Keyward {
    /// # Errors
    /// `INVALID_PAYLOAD` where a word is neither Keyward's own nor one of the operator's list.
    pub(in crate::service) fn require_known<'a>(
        &self,
        words: impl IntoIterator<Item = &'a String>,
    ) -> Result<()> {
        match self.policy.unknown(words) {
            None => Ok(()),
            Some(word) => Err(Error::payload(format!(
                "\"{word}\" is no permission of this service: KEYWARD_PERMISSIONS lists them"
            ))),
        }
    }

    /// From now on what an operator does is recorded as this one's. Once for each process.
    pub fn operated_by(&self, operator: &Operator) {
        let _ = self.operator.set(operator.client());
    }

    /// Who does what no caller does, for the audit log.
    pub(in crate::service) fn operator(&self) -> Client {
        self.operator.get().cloned().unwrap_or_default()
    }

    /// Runs an act that reads or writes rows on the store lane, where it may wait.
    ///
    /// # Errors
    /// What the act says; `SERVICE_UNAVAILABLE` where too many wait.
    pub async fn on_store<T: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let kw = self.clone();
        answer(self.store_lane.run(move || act(&kw)).await)
    }

    /// The same for an act that may wait for seconds, for a hash or a mail server: those have a
    /// few of the lane's threads, so that whoever floods sign-ins does not hold everybody's.
    ///
    /// # Errors
    /// As [`Keyward::on_store`].
    pub async fn for_long<T: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (kw, since) = (self.clone(), Instant::now());
        let in_time = move || {
            if kw.store.was_silent_since(since) {
                // Those before it waited through the silence, and its answer would come too late.
                return Err(undone(Undone::Late).into());
            }
            act(&kw)
        };
        answer(self.store_lane.run_for_long(in_time).await)
    }

    /// Runs something beside the acts, which takes none of their places.
    pub fn aside(&self, job: impl FnOnce(&Self) + Send + 'static) {
        let kw = self.clone();
        self.store_lane.aside(move || job(&kw));
    }

    /// A place among those that wait for the database.
    ///
    /// # Errors
    /// `SERVICE_UNAVAILABLE` where all are taken.
    pub fn place(&self) -> Result<Place> {
        self.store_lane.enter().ok_or_else(|| undone(Undone::Full))
    }

    /// The same for an act that holds no thread while it waits for an answer that many wait for.
    ///
    /// # Errors
    /// As [`Keyward::on_store`].
    pub async fn goes_on_store<T: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        act: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        answer(self.store_lane.go(act).await)
    }

    /// Waits up to a second for the other handles to be dropped, so that the database
    /// connections are closed when this returns.
    pub fn close(self) {
        for _ in 0..100 {
            if Arc::strong_count(&self.0) == 1 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn undone(why: Undone) -> Error {
    match why {
        Undone::Full => Error::busy("too many requests wait for the database"),
        Undone::Late => Error::busy("the database is silent, and others wait for it"),
        Undone::Broken => Error::defect("an act on the store lane panicked"),
    }
}

impl From<Unanswered> for Error {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Store(error) => error.into(),
            Unanswered::Lane(why) => undone(why),
        }
    }
}

fn answer<T, E: From<Error>>(done: std::result::Result<Result<T, E>, Undone>) -> Result<T, E> {
    done.unwrap_or_else(|why| Err(undone(why).into()))
}

impl Deref for Keyward {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}
