//! Sealing what happened, in batches. Requests write events and know nothing of it: the order of
//! the chain is its own, so nobody waits for anybody to number an event.

use crate::service::audit::chain::{HeldChain, client_digest, content_digest, is_bare, link};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::audit::audit_events::AuditEntry;
use crate::store::audit::audit_seals::{Chain, Kind, Seal};
use crate::store::audit::{audit_events, audit_seals};
use crate::store::{self, AnyConnection};
use crate::support::clock::Timestamp;

/// So many events to a transaction.
const BATCH: i64 = 500;

/// So many transactions at a time: whoever brings a log of years has other work to do as well.
const MOST_BATCHES: usize = 20;

/// How long an event may take from its instant to its commit. What comes later is told of as
/// put in afterwards. In milliseconds, as an hour is.
pub(super) const LATE: i64 = 300_000;

/// A counted row changes within an hour.
const HOUR: i64 = 3_600_000;

/// Seals what has none, as far as it will not change any more. How many events that were.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`; `INTERNAL_SERVER_ERROR` where the chain was tampered with.
pub fn seal(kw: &Keyward) -> Result<usize> {
    let (mut sealed, mut is_all) = (0, true);
    for kind in [Kind::Single, Kind::Counted] {
        let mut more = true;
        for _ in 0..MOST_BATCHES {
            let (batch, is_full) = seal_some(kw, kind)?;
            sealed += batch;
            more = is_full;
            if !more {
                break;
            }
        }
        is_all &= !more;
    }
    if is_all {
        kw.memory.unsealed.was_looked_at();
    }
    Ok(sealed)
}

/// Events from before this instant will not change any more.
const fn end(kind: Kind, now: Timestamp) -> i64 {
    match kind {
        Kind::Single => now.millis() + 1,
        Kind::Counted => {
            let settled = now.millis() - LATE;
            settled - settled.rem_euclid(HOUR)
        }
    }
}

pub(super) const fn sealed_to(chain: &Chain, kind: Kind) -> i64 {
    match kind {
        Kind::Single => chain.sealed_to,
        Kind::Counted => chain.counted_to,
    }
}

fn seal_some(kw: &Keyward, kind: Kind) -> Result<(usize, bool)> {
    let now = kw.clock.now();
    let end = end(kind, now);
    let earliest = kw.memory.unsealed.earliest();
    // Found outside of the transaction: what is sealed meanwhile is left out inside.
    let (to, found) = kw.store.read(|db| {
        let chain = audit_seals::chain(db)?;
        let to = chain.map_or(i64::MIN, |chain| sealed_to(&chain, kind));
        // The clock may have been set back, and may have been behind since the last look.
        let from = to.min(end).min(earliest).saturating_sub(LATE);
        let found = audit_seals::unsealed(db, kind, (from, end), BATCH)?;
        Ok::<_, store::Error>((to, found))
    })?;
    let is_full = i64::try_from(found.len()).is_ok_and(|found| found == BATCH);
    let reached = match found.last() {
        // What is younger than that was sealed before.
        Some((_, at)) if is_full && to <= end => to.max(*at),
        Some((_, at)) if is_full => *at,
        _ => end,
    };
    if found.is_empty() && end.saturating_sub(to).abs() < LATE {
        return Ok((0, false));
    }
    let (inner, ids) = (kw.clone(), found.into_iter().map(|(id, _)| id).collect());
    let batch = Batch {
        kind,
        ids,
        stood: to,
        reached,
        now,
    };
    let sealed = kw.store.write(move |db| write(&inner, db, &batch))?;
    Ok((sealed, is_full))
}

struct Batch {
    kind: Kind,
    /// In the order of their instants.
    ids: Vec<String>,
    /// To what instant events were sealed when these were found, and will be.
    stood: i64,
    reached: i64,
    now: Timestamp,
}

fn write(kw: &Keyward, db: &mut AnyConnection, batch: &Batch) -> Result<usize> {
    let mut held = HeldChain::hold(kw, db)?;
    let done = audit_seals::of_events(held.db, &batch.ids)?;
    let mut events = audit_events::hold(held.db, &batch.ids)?;
    events.retain(|event| done.iter().all(|seal| seal.event_id != event.id));
    events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    let mut seals = Vec::with_capacity(events.len());
    let chain = &mut held.chain;
    for event in &events {
        let seal = seal_of(kw, chain, event, batch.now);
        chain.seq = seal.seq;
        chain.hash.clone_from(&seal.hash);
        seals.push(seal);
    }
    if !seals.is_empty() {
        audit_seals::add(held.db, &seals)?;
    }
    let stands = sealed_to(chain, batch.kind);
    let reached = if stands == batch.stood {
        batch.reached
    } else {
        // Another process has sealed since, and may have come further than this look did.
        batch.reached.max(stands)
    };
    match batch.kind {
        Kind::Single => chain.sealed_to = reached,
        Kind::Counted => chain.counted_to = reached,
    }
    held.write()?;
    Ok::<_, Error>(seals.len())
}

fn seal_of(kw: &Keyward, chain: &Chain, event: &AuditEntry, now: Timestamp) -> Seal {
    let salt = (!is_bare(event)).then(|| kw.entropy.bytes::<16>().to_vec());
    let client = client_digest(kw, event, salt.as_deref());
    let mut seal = Seal {
        seq: chain.seq + 1,
        event_id: event.id.clone(),
        at: event.at,
        sealed_at: now.millis(),
        salt,
        content: content_digest(kw, event, &client),
        client,
        hash: Vec::new(),
    };
    seal.hash = link(kw, &chain.hash, &seal);
    seal
}
