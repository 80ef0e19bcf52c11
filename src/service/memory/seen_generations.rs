//! Which generations were seen in use (semantics 1, rule 5). Kept in memory and
//! flushed within five seconds, later where the database is away; losing some only makes that rule
//! more lenient.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::domain::id::SessionId;

/// Beyond this nothing more is noted: it bounds memory under a flood.
const MOST: usize = 100_000;

#[derive(Default)]
pub(in crate::service) struct Seen(Mutex<HashMap<SessionId, u32>>);

impl Seen {
    /// A token of this generation was shown. Generation 0 has no predecessor that
    /// could come back, so it need not be remembered.
    pub(in crate::service) fn note(&self, session: SessionId, generation: u32) {
        if generation == 0 {
            return;
        }
        let mut seen = self.0.lock();
        if seen.len() < MOST || seen.contains_key(&session) {
            let latest = seen.entry(session).or_insert(generation);
            *latest = (*latest).max(generation);
        }
    }

    pub(in crate::service) fn has(&self, session: SessionId, generation: u32) -> bool {
        let seen = self.0.lock();
        seen.get(&session) == Some(&generation)
    }

    /// Everything noted, for writing down.
    pub(in crate::service) fn take(&self) -> HashMap<SessionId, u32> {
        std::mem::take(&mut *self.0.lock())
    }
}
