//! A connection to either database, as one type.

use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Runs one expression with the connection of either backend: for the few statements
/// whose text or types must differ, and for those of the hot paths, whose text
/// `MultiConnection` would build anew at each use, prepared or not.
macro_rules! on_each {
    ($conn:expr, $inner:ident => $run:expr) => {
        match $conn {
            $crate::store::engine::any::AnyConnection::Sqlite($inner) => $run,
            $crate::store::engine::any::AnyConnection::Postgres($inner) => $run,
        }
    };
}
pub(in crate::store) use on_each;
