//! An eye on all sign-ins together (B7). Passwords that are sprayed over many accounts
//! from many addresses stay below every counter of one account or address. This tells of
//! it and refuses nobody: docs/decisions/0016.

use std::time::Duration;

use crate::domain::event::{Event, What};
use crate::domain::session::Client;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::audit::audit_events;
use crate::store::login_attempts;

/// How far back is looked; housekeeping asks as often.
const WINDOW: Duration = Duration::from_secs(60);

/// Writes one event and one line of log where too many sign-ins failed within a minute,
/// by the table that all replicas write to.
pub fn failed_sign_ins(kw: &Keyward) -> Result<()> {
    let most = kw.policy.failure_alarm;
    let now = kw.clock.now();
    let since = now - WINDOW;
    if most == 0
        || kw
            .store
            .read(|db| login_attempts::count_failed(db, since))?
            < most
    {
        return Ok(());
    }
    kw.change(move |change| {
        audit_events::hold_alarms(change)?;
        // Another replica was first.
        if audit_events::has_happened(change, What::SignInsFailing, since)? {
            return Ok(());
        }
        change.record(&Event::new(What::SignInsFailing, Client::default()))
    })
}
