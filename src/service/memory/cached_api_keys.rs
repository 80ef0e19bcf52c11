//! API keys that were read from the database of late, by the hash of their text; and which of them
//! were used since that was last written down.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use quick_cache::sync::Cache;

use crate::crypto::api_key::Hash;
use crate::domain::id::ApiKeyId;
use crate::domain::principal::Principal;
use crate::support::clock::Timestamp;

/// How many keys are remembered, at about one kilobyte each.
const REMEMBERED: usize = 8192;

/// A key is read again after so long: a name or a permission that its account got meanwhile is
/// seen then. What was taken away the memory of revocations tells of within a second, and it must
/// not forget before this does.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// A use is noted when the last note is so old, in milliseconds.
const NOTED_AGAIN: i64 = 30_000;

/// Beyond this nothing more is noted: it bounds memory where the database is away.
const MOST: usize = 100_000;

pub(in crate::service) struct Living {
    pub(in crate::service) principal: Arc<Principal>,
    read_at: Instant,
    /// When its use was last noted.
    noted_at: AtomicI64,
}

pub(in crate::service) struct LivingKeys {
    keys: Cache<Hash, Arc<Living>>,
    used: Mutex<HashMap<ApiKeyId, Timestamp>>,
}

impl Default for LivingKeys {
    fn default() -> Self {
        Self {
            keys: Cache::new(REMEMBERED),
            used: Mutex::default(),
        }
    }
}

impl LivingKeys {
    /// The key's holder, where the key was read a moment ago.
    pub(in crate::service) fn get(&self, hash: &Hash) -> Option<Arc<Living>> {
        let living = self.keys.get(hash)?;
        (living.read_at.elapsed() < READ_AGAIN).then_some(living)
    }

    /// `began`: before it was read.
    pub(in crate::service) fn insert(
        &self,
        hash: Hash,
        principal: Principal,
        began: Instant,
    ) -> Arc<Living> {
        let noted_at = self.keys.get(&hash);
        let noted_at = noted_at.map_or(i64::MIN, |old| old.noted_at.load(Ordering::Relaxed));
        let living = Arc::new(Living {
            principal: Arc::new(principal),
            read_at: began,
            noted_at: AtomicI64::new(noted_at),
        });
        self.keys.insert(hash, Arc::clone(&living));
        living
    }

    /// The key was used now. Most times this is a look at one number.
    pub(in crate::service) fn note(&self, living: &Living, now: Timestamp) {
        let before = living.noted_at.load(Ordering::Relaxed);
        // A clock that was put back counts, too.
        if now.millis().abs_diff(before) < NOTED_AGAIN.unsigned_abs() {
            return;
        }
        let Some(key) = living.principal.api_key() else {
            return;
        };
        let mut used = self.used.lock();
        if used.len() < MOST || used.contains_key(&key.id) {
            living.noted_at.store(now.millis(), Ordering::Relaxed);
            used.insert(key.id, now);
        }
    }

    /// Everything noted, for writing down.
    pub(in crate::service) fn take_used(&self) -> HashMap<ApiKeyId, Timestamp> {
        std::mem::take(&mut *self.used.lock())
    }

    /// It could not be written down. A use that was noted since is the later one.
    pub(in crate::service) fn keep_used(&self, left: impl Iterator<Item = (ApiKeyId, Timestamp)>) {
        let mut used = self.used.lock();
        for (key, at) in left {
            if used.len() < MOST {
                used.entry(key).or_insert(at);
            }
        }
    }
}
