//! Events with their seals, oldest first, a page at a time.

use std::collections::HashMap;

use crate::service::audit::verify::unreadable;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store;
use crate::store::audit::audit_events::AuditEntry;
use crate::store::audit::{audit_events, audit_seals, unreadable_rows};
use crate::support::clock::Timestamp;

const PAGE: i64 = 500;

/// The number of an event's seal and its hash.
pub type Sealed = (i64, Vec<u8>);

/// Hands on every event since then, with its seal where it has one.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`, or what `take` says; `INTERNAL_SERVER_ERROR` at the end, where there are
/// events that nobody can read.
pub fn export<E: From<crate::service::Error>>(
    kw: &Keyward,
    since: Timestamp,
    mut take: impl FnMut(&AuditEntry, Option<&Sealed>) -> Result<(), E>,
) -> Result<(), E> {
    let (mut at, mut id) = (since.millis(), String::new());
    loop {
        let (page, seals) = kw
            .store
            .read(|db| {
                let page = audit_events::after(db, (at, &id), PAGE)?;
                let ids: Vec<String> = page.iter().map(|event| event.id.clone()).collect();
                Ok::<_, store::Error>((page, audit_seals::of_events(db, &ids)?))
            })
            .map_err(crate::service::Error::from)?;
        let seals: HashMap<String, Sealed> = seals
            .into_iter()
            .map(|seal| (seal.event_id, (seal.seq, seal.hash)))
            .collect();
        for event in &page {
            take(event, seals.get(&event.id))?;
        }
        match page.last() {
            Some(last) => (at, id) = (last.at, last.id.clone()),
            None => break,
        }
    }
    let torn = kw.store.read(unreadable_rows::torn);
    let torn = torn.map_err(crate::service::Error::from)?;
    match torn.first() {
        None => Ok(()),
        Some(first) => {
            let mut cause = unreadable(first);
            let more = torn.len() - 1;
            if more > 0 {
                cause = format!("{cause}, and so were {more} more");
            }
            Err(crate::service::Error::defect(cause).into())
        }
    }
}
