//! The memory of revocations (semantics 8): what a token check asks instead of the
//! database. Filled at the start, in process after each commit, and from the other
//! processes by the tail of the revocations table. Entries leave once no token that
//! they speak of can live.
//!
//! Where the tail has not read for a second, nobody can say any more, and a check
//! answers so: never "the signature is fine, let pass".

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::RwLock;

use crate::domain::account::{AccessVersion, Epoch};
use crate::domain::claims::Claims;
use crate::domain::id::{AccountId, SessionId};
use crate::store::revocations::{News, Revocation};
use crate::support::clock::Timestamp;

/// The promise: a revocation holds everywhere within this time.
pub(in crate::service) const STALENESS: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
struct Least {
    epoch: Option<Epoch>,
    access_version: Option<AccessVersion>,
    until: Timestamp,
    learned: Instant,
}

#[derive(Clone, Copy)]
struct Ended {
    until: Timestamp,
    learned: Instant,
}

pub(in crate::service) struct Revoked {
    sessions: RwLock<HashMap<SessionId, Ended>>,
    accounts: RwLock<HashMap<AccountId, Least>>,
    /// The last sequence number that was read.
    read_to: AtomicI64,
    started: Instant,
    /// Milliseconds from `started` to the last time the tail had read everything.
    read_at: AtomicU64,
    /// Whether a tail runs at all. In one process without one, memory is complete.
    tailed: AtomicBool,
}

impl Default for Revoked {
    fn default() -> Self {
        Self {
            sessions: RwLock::default(),
            accounts: RwLock::default(),
            read_to: AtomicI64::new(0),
            started: Instant::now(),
            read_at: AtomicU64::new(0),
            tailed: AtomicBool::new(false),
        }
    }
}

/// What the memory says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum TokenStanding {
    Good,
    /// Its session or its account's epoch is over.
    Revoked,
    /// Something was taken from its account since: a refresh gives a token that fits.
    Outdated,
}

impl Revoked {
    pub(in crate::service) fn standing(&self, claims: &Claims) -> TokenStanding {
        if self.sessions.read().contains_key(&claims.sid) {
            return TokenStanding::Revoked;
        }
        let accounts = self.accounts.read();
        match accounts.get(&claims.sub) {
            Some(least) if Some(claims.epoch) < least.epoch => TokenStanding::Revoked,
            Some(least) if Some(claims.acv) < least.access_version => TokenStanding::Outdated,
            _ => TokenStanding::Good,
        }
    }

    /// Takes up news. Whether the signing keys must be read again.
    pub(in crate::service) fn learn(&self, entries: &[Revocation]) -> bool {
        let mut keys = false;
        let learned = Instant::now();
        for entry in entries {
            match entry.news {
                News::Session(id) => {
                    let mut sessions = self.sessions.write();
                    let until = entry.until;
                    sessions.insert(id, Ended { until, learned });
                }
                News::Epoch { account, least } => {
                    self.least_of(account, (entry.until, learned), |of| {
                        of.epoch = of.epoch.max(Some(least));
                    });
                }
                News::Access { account, least } => {
                    self.least_of(account, (entry.until, learned), |of| {
                        of.access_version = of.access_version.max(Some(least));
                    });
                }
                News::Keys => keys = true,
            }
        }
        keys
    }

    fn least_of(
        &self,
        account: AccountId,
        (until, learned): (Timestamp, Instant),
        raise: impl FnOnce(&mut Least),
    ) {
        let mut accounts = self.accounts.write();
        let least = accounts.entry(account).or_insert(Least {
            epoch: None,
            access_version: None,
            until,
            learned,
        });
        raise(least);
        least.until = least.until.max(until);
        least.learned = learned;
    }

    /// Whatever ended before `now`. The clock may have been behind when something was
    /// revoked and is right again, so nothing goes before tokens of the `longest` life
    /// have ended by a clock that nobody sets.
    pub(in crate::service) fn forget_before(&self, now: Timestamp, longest: Duration) {
        let kept = longest + Duration::from_secs(120);
        let keeps = |until: Timestamp, learned: Instant| until >= now || learned.elapsed() < kept;
        let mut sessions = self.sessions.write();
        sessions.retain(|_, ended| keeps(ended.until, ended.learned));
        drop(sessions);
        let mut accounts = self.accounts.write();
        accounts.retain(|_, least| keeps(least.until, least.learned));
    }

    pub(in crate::service) fn read_to(&self) -> i64 {
        self.read_to.load(Ordering::Relaxed)
    }

    /// The tail has read up to `seq`; there may be more.
    pub(in crate::service) fn has_read(&self, seq: i64) {
        self.read_to.store(seq, Ordering::Relaxed);
    }

    /// The tail has read everything that there was at `began`.
    pub(in crate::service) fn is_up_to_date(&self, began: Instant) {
        let millis = began.saturating_duration_since(self.started).as_millis();
        self.read_at
            .store(u64::try_from(millis).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(in crate::service) fn set_tailed(&self, tailed: bool) {
        self.tailed.store(tailed, Ordering::Relaxed);
    }

    /// Whether the memory is as young as was promised.
    pub(in crate::service) fn is_fresh(&self) -> bool {
        if !self.tailed.load(Ordering::Relaxed) {
            return true;
        }
        let read_at = Duration::from_millis(self.read_at.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(read_at) <= STALENESS
    }
}
