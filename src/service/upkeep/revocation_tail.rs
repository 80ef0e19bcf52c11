//! Brings the revocations of other processes: the tail of their table, which each process reads five
//! times a second (`threads.rs`).

use std::time::Instant;

use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::service::tokens::signing_keys;
use crate::store::{self, AnyConnection, revocations};

const PAGE: i64 = 1000;

/// Reads what others wrote since the last time.
pub fn tail(kw: &Keyward, reader: &mut AnyConnection) -> Result<()> {
    loop {
        let began = Instant::now();
        let (entries, last) = revocations::list_after(reader, kw.memory.revoked.read_to(), PAGE)?;
        if kw.memory.revoked.learn(&entries) {
            signing_keys::load(kw)?;
        }
        kw.memory.revoked.has_read(last);
        if entries.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            // What a standby does not say may have happened all the same.
            store::assert_primary(reader)?;
            kw.memory.revoked.is_up_to_date(began);
            return Ok(());
        }
    }
}
