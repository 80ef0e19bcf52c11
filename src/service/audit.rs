//! Writing down what happened, in the transaction in which it happened.

use crate::domain::event::Event;
use crate::service::keyward::Keyward;
use crate::store::{self, AnyConnection, audit_events};
use crate::support::clock::Timestamp;

pub(in crate::service) fn record(
    kw: &Keyward,
    tx: &mut AnyConnection,
    event: &Event,
    now: Timestamp,
) -> store::Result<()> {
    if event.what.is_alarm() {
        let none = || "-".to_owned();
        log::warn!(
            "{}: session {} of account {}",
            event.what.as_str(),
            event.session.map_or_else(none, |id| id.to_string()),
            event.account.map_or_else(none, |id| id.to_string()),
        );
    }
    audit_events::add(tx, kw.entropy.id(now), event, now)
}
