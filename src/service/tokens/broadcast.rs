//! What all processes are told when something is revoked (semantics 8): for how long, and
//! first of all this one.

use std::time::Duration;

use crate::domain::claims::LONGEST_LIFE;
use crate::domain::id::SessionId;
use crate::service::keyward::Keyward;
use crate::store::revocations::{Entry, News};
use crate::support::clock::Timestamp;

/// The longest that any process could believe a token after it was signed, and something for
/// clocks that differ.
const REMEMBERED: Duration = LONGEST_LIFE.saturating_add(Duration::from_secs(120));

/// When no access token can live any more that is signed now, by whatever process.
pub(in crate::service) fn forgotten_at(now: Timestamp) -> Timestamp {
    now + REMEMBERED
}

/// The news that a session has ended, for as long as a token of it could live.
pub(in crate::service) fn ended(session: SessionId, now: Timestamp) -> Entry {
    Entry {
        news: News::Session(session),
        until: forgotten_at(now),
    }
}

/// Whether a token can live of a session that goes idle then. One is signed before that; where
/// it is further back than a token is remembered, nothing is left to tell. An account may have
/// thousands of such sessions.
pub(in crate::service) fn may_be_believed(idle: Timestamp, now: Timestamp) -> bool {
    idle > now - REMEMBERED
}

impl Keyward {
    /// Learns what was just committed, ahead of the tail.
    pub(in crate::service) fn learn(&self, entries: &[Entry]) {
        self.revoked.learn(entries);
    }
}
