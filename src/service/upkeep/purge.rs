//! Deletes what is over, of every table that grows without end.

use std::time::Duration;

use crate::domain::claims::LONGEST_LIFE;
use crate::service::audit;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::upkeep::{delete_guests, fill_search_names};
use crate::store::engine::purge::{What, purge_before};
use crate::support::clock::Timestamp;

const PURGE_BATCH: i64 = 500;

const KEEP_ATTEMPTS: Duration = Duration::from_secs(30 * 86_400);
/// How long a key that is over is still shown to whoever wonders why it is refused.
const KEEP_KEYS: Duration = Duration::from_secs(30 * 86_400);
const KEEP_AUDIT: Duration = Duration::from_secs(365 * 86_400);

/// Deletes what is over at `now`, in small batches, each its own transaction.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`; what is left goes next time.
pub fn purge(kw: &Keyward, now: Timestamp) -> Result<usize> {
    // The table keeps an entry for as long as any process could believe a token that it
    // speaks of; this one believes none that lives longer than it gives itself.
    let longest = kw.policy.longest_access_ttl();
    let spared = LONGEST_LIFE.saturating_sub(longest);
    kw.memory.revoked.forget_before(now + spared, longest);
    let mut purged = 0;
    for (what, before) in [
        (What::Sessions, now),
        (What::LoginAttempts, now - KEEP_ATTEMPTS),
        (What::Revocations, now),
        (What::Limits, now),
        (What::OneTimeCodes, now),
        (What::ApiKeys, now - KEEP_KEYS),
        (What::Invitations, now),
    ] {
        loop {
            let rows = kw.store.write(move |tx| {
                purge_before(tx, what, before, PURGE_BATCH).map_err(Error::from)
            })?;
            purged += rows;
            if rows < usize::try_from(PURGE_BATCH).unwrap_or(usize::MAX) {
                break;
            }
        }
    }
    purged += delete_guests::purge(kw, now)?;
    let completed = fill_search_names::complete(kw);
    // After the others: where somebody tampered with its chain, they go on.
    purged += audit::purge::purge(kw, now - KEEP_AUDIT)?;
    completed?;
    Ok(purged)
}
