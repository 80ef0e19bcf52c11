//! Deleting what is over, a small batch at a time, so that no purge holds a lock for
//! longer than a few milliseconds.

use diesel::RunQueryDsl as _;
use diesel::sql_types::BigInt;

use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::Result;
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
    OneTimeCodes,
    /// Over for so long that nobody looks for them.
    ApiKeys,
    Invitations,
}

/// The statement takes the instant and the size of a batch: SQLite counts such names in the
/// order in which they first come. Table and column names are our own; nothing of a request
/// ever comes here.
///
/// The condition stands twice on purpose. Another transaction may hold a row that was found, and move
/// its time: after waiting for a row lock PostgreSQL evaluates the outer WHERE again but not the
/// subquery.
const fn statement(what: What) -> &'static str {
    macro_rules! text {
        ($table:literal, $key:literal, $time:literal) => {
            text!($table, $key, $key, $time)
        };
        ($table:literal, $row:literal, $key:literal, $time:literal) => {
            concat!(
                "DELETE FROM ",
                $table,
                " WHERE ",
                $row,
                " IN (SELECT ",
                $key,
                " FROM ",
                $table,
                " WHERE ",
                $time,
                " < $1 LIMIT $2) AND ",
                $time,
                " < $1"
            )
        };
    }
    match what {
        What::Sessions => text!("sessions", "id", "absolute_expires_at"),
        What::LoginAttempts => text!("login_attempts", "id", "at"),
        What::AuditEvents => text!("audit_events", "id", "at"),
        What::Revocations => text!("revocations", "seq", "until"),
        What::Limits => text!("limits", "key", "expires_at"),
        What::OneTimeCodes => text!("one_time_codes", "mac", "expires_at"),
        What::ApiKeys => text!("api_keys", "id", "expires_at"),
        What::Invitations => text!(
            "invitations",
            "(place, address)",
            "place, address",
            "expires_at"
        ),
    }
}

/// Deletes at most `batch` rows older than `before`. How many there were.
pub fn purge_before(
    connection: &mut AnyConnection,
    what: What,
    before: Timestamp,
    batch: i64,
) -> Result<usize> {
    let query = diesel::sql_query(statement(what))
        .bind::<BigInt, _>(before.millis())
        .bind::<BigInt, _>(batch);
    Ok(on_each!(connection, inner => query.execute(inner))?)
}
