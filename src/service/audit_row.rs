//! Which row of the audit log counts an event that may happen without end (decision 0025).

use aws_lc_rs::hmac;
use uuid::{Builder, Uuid};

use crate::domain::event::Event;
use crate::domain::id::SessionId;
use crate::service::keyward::Keyward;
use crate::support::clock::Timestamp;

/// One row counts for so long, in milliseconds.
const HOUR: i64 = 3_600_000;

/// A session's addresses share so many rows: a thief who has thousands of them fills no
/// disk, and one who has some can not choose to be counted in his victim's row.
const ADDRESSES: u8 = 8;

/// The id of the row that counts this event: the same for all that it counts, so that the
/// primary key decides, on every replica alike.
pub(in crate::service) fn counted_row(
    kw: &Keyward,
    session: SessionId,
    event: &Event,
    now: Timestamp,
) -> Uuid {
    let keyed = |parts: &[&[u8]]| {
        let mut context = hmac::Context::with_key(&kw.keys.exchange_ids);
        context.update(b"audit event");
        for part in parts {
            context.update(part);
        }
        context.sign()
    };
    let session = session.0.as_bytes();
    let address = event.client.address.map(|address| address.to_string());
    let address = address.unwrap_or_default();
    let place = keyed(&[session, address.as_bytes()]).as_ref()[0] % ADDRESSES;
    let hour = now.millis().div_euclid(HOUR).to_be_bytes();
    let what = event.what.as_str().as_bytes();
    let mut id = [0; 16];
    id.copy_from_slice(&keyed(&[session, &hour, &[place], what]).as_ref()[..16]);
    Builder::from_custom_bytes(id).into_uuid()
}
