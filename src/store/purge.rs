//! Deleting what is over, a small batch at a time, so that no purge holds a lock for
//! longer than a few milliseconds.

use diesel::RunQueryDsl as _;
use diesel::sql_types::BigInt;

use super::connection::{AnyConnection, on_each};
use super::error::Result;
use crate::support::clock::Timestamp;

/// What can be purged, each with the instant that makes a row old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Past their absolute end.
    Sessions,
    LoginAttempts,
    AuditEvents,
    Revocations,
    Limits,
}

/// The statements take the instant and the size of a batch. Table and column names
/// are our own; nothing of a request ever comes here.
const fn statement(what: What) -> (&'static str, &'static str) {
    macro_rules! text {
        ($table:literal, $key:literal, $time:literal) => {
            (
                concat!(
                    "DELETE FROM ",
                    $table,
                    " WHERE ",
                    $key,
                    " IN (SELECT ",
                    $key,
                    " FROM ",
                    $table,
                    " WHERE ",
                    $time,
                    " < ? LIMIT ?)"
                ),
                concat!(
                    "DELETE FROM ",
                    $table,
                    " WHERE ",
                    $key,
                    " IN (SELECT ",
                    $key,
                    " FROM ",
                    $table,
                    " WHERE ",
                    $time,
                    " < $1 LIMIT $2)"
                ),
            )
        };
    }
    match what {
        What::Sessions => text!("sessions", "id", "absolute_expires_at"),
        What::LoginAttempts => text!("login_attempts", "id", "at"),
        What::AuditEvents => text!("audit_events", "id", "at"),
        What::Revocations => text!("revocations", "seq", "until"),
        What::Limits => text!("limits", "key", "expires_at"),
    }
}

/// Deletes at most `batch` rows older than `before`. How many there were.
///
/// # Errors
/// When the database is away.
pub fn purge_before(
    connection: &mut AnyConnection,
    what: What,
    before: Timestamp,
    batch: i64,
) -> Result<usize> {
    let (sqlite, postgres) = statement(what);
    let text = match connection {
        AnyConnection::Sqlite(_) => sqlite,
        AnyConnection::Postgres(_) => postgres,
    };
    let query = diesel::sql_query(text)
        .bind::<BigInt, _>(before.millis())
        .bind::<BigInt, _>(batch);
    Ok(on_each!(connection, inner => query.execute(inner))?)
}
