//! One transaction of an act is one `Change`: it holds the caller, records events and ends sessions;
//! what every process must learn of it is written last and learnt after the commit, whatever the act
//! does in between.

/// Who ends sessions, and tells every process.
mod end_sessions_and_tell;
/// Rows that are held until the transaction ends.
mod held_rows;
/// What every process must learn when something is revoked.
mod revocation_entry;
/// The transaction itself.
mod transaction;

pub(in crate::service) use held_rows::{Caller, Held};
pub(in crate::service) use transaction::Change;
