//! PostgreSQL's advisory locks, in one place because no two may have one number. On SQLite every
//! transaction that writes is alone as it is.

use diesel::RunQueryDsl as _;

use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::Result;

/// Of whom one at a time goes on. Any number will do, as long as nothing else uses it.
#[derive(Clone, Copy)]
#[repr(i64)]
pub(in crate::store) enum Turn {
    Revocations = 5_389_712_663,
    /// Held by a session, not by a transaction.
    Migrations = 5_389_712_664,
    SigningKeys = 5_389_712_665,
    RoleNames = 5_389_712_666,
    Alarms = 5_389_712_667,
}

impl Turn {
    pub(in crate::store) const fn number(self) -> i64 {
        self as i64
    }
}

/// From here to the end of the transaction nobody else has this turn.
pub(in crate::store) fn hold(connection: &mut AnyConnection, turn: Turn) -> Result<()> {
    if let AnyConnection::Postgres(postgres) = connection {
        let number = turn.number();
        diesel::sql_query(format!("SELECT pg_advisory_xact_lock({number})")).execute(postgres)?;
    }
    Ok(())
}
