//! Deletes guests who were not there for long.

use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::audit::audit_events;
use crate::store::guests;
use crate::support::clock::Timestamp;

/// So many guests at once: with each go its sessions.
const BATCH: i64 = 100;

/// In small batches, each its own transaction. A guest's session ends when the guest was
/// not there for so long, so nobody comes back meanwhile. How many were deleted.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`; who is left goes next time.
pub(in crate::service::upkeep) fn purge(kw: &Keyward, now: Timestamp) -> Result<usize> {
    let before = now - kw.policy.guest_ttl;
    let mut purged = 0;
    loop {
        let (found, deleted) = kw.store.write(move |tx| {
            let mut found = guests::unseen_since(tx, before, BATCH)?;
            let looked_at = found.len();
            let seen = guests::seen_since(tx, &found, before)?;
            found.retain(|guest| !seen.contains(guest));
            let deleted = guests::delete(tx, &found, before)?;
            audit_events::forget_clients(tx, &deleted)?;
            Ok::<_, Error>((looked_at, deleted.len()))
        })?;
        purged += deleted;
        if found < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(purged);
        }
    }
}
