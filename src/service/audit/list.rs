//! Reading the audit log, for administrators.

use serde_json::{Value, json};

use crate::domain::id::After;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::audit::audit_events;
pub use crate::store::audit::audit_events::{AuditEntry, Filter};
use crate::support::clock::Timestamp;

/// The last events that fit, youngest first.
pub fn list(kw: &Keyward, filter: &Filter) -> Result<Vec<AuditEntry>> {
    Ok(kw.store.read(|db| audit_events::list(db, filter))?)
}

/// Where a page goes on.
///
/// # Errors
/// `INVALID_PAYLOAD` where there is no event of that id: one that was purged says nothing of where it
/// stood.
pub fn place(kw: &Keyward, after: Option<After>) -> Result<Option<(Timestamp, String)>> {
    let id = match after {
        None => return Ok(None),
        Some(After::Place(at, id)) => return Ok(Some((at, id.to_string()))),
        Some(After::Row(id)) => id.to_string(),
    };
    match kw.store.read(|db| audit_events::instant_of(db, &id))? {
        Some(at) => Ok(Some((at, id))),
        None => Err(Error::payload(
            "\"after\" is no event, or one that is gone: begin anew without it",
        )),
    }
}

/// Where the page after this event goes on, for whoever comes back when it is gone.
#[must_use]
pub fn after(last: &AuditEntry) -> String {
    format!("{}.{}", last.at, last.id)
}

/// As it is shown, over HTTP and on the command line.
#[must_use]
pub fn shown(event: &AuditEntry) -> Value {
    json!({
        "id": event.id,
        "at": event.at,
        "event": event.what,
        "account": event.account,
        "actor": event.actor,
        "session": event.session,
        "address": event.address,
        "device": event.user_agent,
        "note": event.note,
        "organization": event.organization,
        "role": event.role,
        "times": event.times,
        "lastAt": event.last_at,
    })
}
