//! Writing down what happened, in the transaction in which it happened.

use aws_lc_rs::hmac;
use uuid::{Builder, Uuid};

use crate::domain::event::Event;
use crate::domain::id::SessionId;
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
    match event.session {
        Some(session) if event.what.is_counted() => {
            audit_events::count(tx, row_of(kw, session, event, now), event, now)
        }
        _ => audit_events::add(tx, kw.entropy.id(now), event, now),
    }
}

/// One row counts for so long, in milliseconds.
const HOUR: i64 = 3_600_000;

/// A session's addresses share so many rows: a thief who has thousands of them fills no
/// disk, and one who has some can not choose to be counted in his victim's row.
const ADDRESSES: u8 = 8;

/// The id of the row that counts this event: the same for all that it counts, so that the
/// primary key decides, on every replica alike.
fn row_of(kw: &Keyward, session: SessionId, event: &Event, now: Timestamp) -> Uuid {
    let keyed = |parts: &[&[u8]]| {
        let mut context = hmac::Context::with_key(&kw.exchange_ids);
        context.update(b"audit event");
        for part in parts {
            context.update(part);
        }
        context.sign()
    };
    let session = session.0.as_bytes();
    let address = event.client.address.as_deref().unwrap_or_default();
    let place = keyed(&[session, address.as_bytes()]).as_ref()[0] % ADDRESSES;
    let hour = now.millis().div_euclid(HOUR).to_be_bytes();
    let what = event.what.as_str().as_bytes();
    let mut id = [0; 16];
    id.copy_from_slice(&keyed(&[session, &hour, &[place], what]).as_ref()[..16]);
    Builder::from_custom_bytes(id).into_uuid()
}
