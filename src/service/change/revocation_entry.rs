//! What every process must learn when something is revoked, and for how long it must
//! remember it (semantics 8).

use std::time::Duration;

use crate::domain::claims::LONGEST_LIFE;
use crate::domain::id::SessionId;
use crate::store::revocations::{News, Revocation};
use crate::support::clock::Timestamp;

/// The longest time that any process could believe a token after it was signed, and two
/// minutes for clocks that differ.
const REMEMBERED: Duration = LONGEST_LIFE.saturating_add(Duration::from_secs(120));

/// An entry that outlives every access token that is valid now, whatever process signed it.
pub(in crate::service) fn entry(news: News, now: Timestamp) -> Revocation {
    Revocation {
        news,
        until: now + REMEMBERED,
    }
}

/// The session has ended.
pub(in crate::service) fn ended(session: SessionId, now: Timestamp) -> Revocation {
    entry(News::Session(session), now)
}

/// Whether an access token of a session that went idle at `idle` can still be valid. If
/// `idle` is older than the longest token life, no process needs to be told: an account may
/// have thousands of such sessions.
pub(in crate::service) fn may_be_believed(idle: Timestamp, now: Timestamp) -> bool {
    idle > now - REMEMBERED
}
