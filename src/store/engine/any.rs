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

/// `compare!("(t.at, t.id) > ", at, id)`: where a row stands in the order of an instant and an id. An index
/// of both answers it from that place on, which it does not for two comparisons.
macro_rules! compare {
    ($columns:literal, $at:expr, $id:expr) => {
        diesel::dsl::sql::<diesel::sql_types::Bool>(concat!($columns, "("))
            .bind::<diesel::sql_types::BigInt, _>($at)
            .sql(", ")
            .bind::<diesel::sql_types::Text, _>($id)
            .sql(")")
    };
}
pub(in crate::store) use compare;
