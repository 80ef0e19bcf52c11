//! Access tokens whose signature and claims were found good, by the hash of their text: the
//! text itself is not kept.

use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::domain::principal::Principal;

/// How many verified tokens are remembered, at about one kilobyte each.
const REMEMBERED: usize = 8192;

pub(in crate::service) struct VerifiedTokens(Cache<[u8; 32], Arc<Principal>>);

impl VerifiedTokens {
    pub(in crate::service) fn get(&self, hash: &[u8; 32]) -> Option<Arc<Principal>> {
        self.0.get(hash)
    }

    pub(in crate::service) fn insert(&self, hash: [u8; 32], principal: Arc<Principal>) {
        self.0.insert(hash, principal);
    }

    pub(in crate::service) fn clear(&self) {
        self.0.clear();
    }
}

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}
