//! Deleting old events. The record of the chain says first from when on events may be missing;
//! seals go once all before them are of such events, and the hash of the last one stays.

use crate::service::audit::chain::HeldChain;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::AnyConnection;
use crate::store::audit::{audit_events, audit_seals};
use crate::store::engine::purge::{What, purge_before};
use crate::support::clock::Timestamp;

const BATCH: i64 = 500;

/// Deletes events from before this instant, in small batches. How many there were.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`; what is left goes next time. `INTERNAL_SERVER_ERROR` where the chain
/// was tampered with: nothing is deleted then.
pub fn purge(kw: &Keyward, before: Timestamp) -> Result<usize> {
    if !kw.store.read(|db| audit_events::any_before(db, before))? {
        return Ok(0);
    }
    let inner = kw.clone();
    kw.store.write(move |db| {
        let mut held = HeldChain::hold(&inner, db)?;
        if held.chain.purged_before < before.millis() {
            held.chain.purged_before = before.millis();
            held.write()?;
        }
        Ok::<_, Error>(())
    })?;
    let mut purged = 0;
    loop {
        let rows = kw.store.write(move |db| {
            purge_before(db, What::AuditEvents, before, BATCH).map_err(Error::from)
        })?;
        purged += rows;
        if !is_full(rows) {
            break;
        }
    }
    loop {
        let inner = kw.clone();
        let removed = kw.store.write(move |db| remove_seals(&inner, db))?;
        if !is_full(removed) {
            return Ok(purged);
        }
    }
}

fn is_full(rows: usize) -> bool {
    i64::try_from(rows).is_ok_and(|rows| rows >= BATCH)
}

/// Removes the first seals, as far as their events may be missing.
fn remove_seals(kw: &Keyward, db: &mut AnyConnection) -> Result<usize> {
    let mut held = HeldChain::hold(kw, db)?;
    let first = audit_seals::after(held.db, held.chain.base_seq, BATCH)?;
    let purged_before = held.chain.purged_before;
    let over = first.iter().take_while(|seal| seal.at < purged_before);
    let so_many = over.clone().count();
    if let Some(last) = over.last() {
        held.chain.base_seq = last.seq;
        held.chain.base_hash.clone_from(&last.hash);
        held.write()?;
        audit_seals::remove_to(held.db, last.seq, so_many)?;
    }
    Ok(so_many)
}
