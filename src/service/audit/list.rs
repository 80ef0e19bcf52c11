//! Reading the audit log, for operators.

use serde_json::{Value, json};

use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::audit_events;
pub use crate::store::audit_events::{AuditEntry, Filter};

/// The last events that fit, youngest first.
pub fn list(kw: &Keyward, filter: &Filter) -> Result<Vec<AuditEntry>> {
    Ok(kw.store.read(|db| audit_events::list(db, filter))?)
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
