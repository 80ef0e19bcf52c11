//! Reading the audit log, for operators.

use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::audit_events;
pub use crate::store::audit_events::{AuditEntry, Filter};

/// The last events that fit, youngest first.
pub fn list(kw: &Keyward, filter: &Filter) -> Result<Vec<AuditEntry>> {
    Ok(kw.store.read(|db| audit_events::list(db, filter))?)
}
