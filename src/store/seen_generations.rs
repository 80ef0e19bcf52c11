//! Which sessions' present generations were seen (semantics 1, rule 5), a batch at a time.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::domain::id::SessionId;
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::Result;
use crate::store::engine::schema::sessions;

/// A row that another transaction holds is passed over. Who ends many sessions takes them in
/// another order than this does: if both waited, PostgreSQL would break off one of the two,
/// and it must never be the one that ends them.
///
/// MATERIALIZED: the rows are locked and read again before the UPDATE sees them.
const MARK: &str = "
    WITH free AS MATERIALIZED (
        SELECT sessions.id, sessions.gen
        FROM sessions
        JOIN unnest($1, $2) AS seen (id, gen) ON sessions.id = seen.id AND sessions.gen = seen.gen
        WHERE sessions.revoked_at IS NULL
        FOR UPDATE OF sessions SKIP LOCKED
    )
    UPDATE sessions SET gen_seen = TRUE
    FROM free
    WHERE sessions.id = free.id AND sessions.gen = free.gen AND sessions.revoked_at IS NULL";

/// Notes that tokens of these generations were seen: for each session that still stands at
/// its own, has not ended, and is held by nobody. How many those were; a note that is lost
/// only makes rule 5 more lenient.
pub fn mark(connection: &mut AnyConnection, seen: &[(SessionId, u32)]) -> Result<usize> {
    match connection {
        AnyConnection::Postgres(postgres) => {
            let (ids, generations): (Vec<String>, Vec<i64>) = seen
                .iter()
                .map(|(id, generation)| (id.to_string(), i64::from(*generation)))
                .unzip();
            let query = diesel::sql_query(MARK)
                .bind::<Array<Text>, _>(ids)
                .bind::<Array<BigInt>, _>(generations);
            Ok(query.execute(postgres)?)
        }
        AnyConnection::Sqlite(sqlite) => {
            let mut rows = 0;
            for (id, generation) in seen {
                let session = sessions::table
                    .filter(sessions::id.eq(id.to_string()))
                    .filter(sessions::generation.eq(i64::from(*generation)))
                    .filter(sessions::revoked_at.is_null());
                rows += diesel::update(session)
                    .set(sessions::gen_seen.eq(true))
                    .execute(sqlite)?;
            }
            Ok(rows)
        }
    }
}
