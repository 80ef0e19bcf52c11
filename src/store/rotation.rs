//! The statements of a refresh that move the generation's instant, or count (semantics 1, rules 3
//! to 5). The first is by its text: Diesel compiles its own UPDATE statements anew at each use, and
//! this one is what a refresh costs.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Text};

use crate::domain::id::SessionId;
use crate::domain::rotation::Generation;
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Result, at_most_one};
use crate::store::engine::schema::sessions;
use crate::support::clock::Timestamp;

#[derive(QueryId)]
struct Rotate {
    id: String,
    generation: i64,
    rotated_at: i64,
    next: i64,
    now: i64,
    recent: String,
    idle_expires_at: i64,
}

impl<DB: Backend> QueryFragment<DB> for Rotate
where
    String: ToSql<Text, DB>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE sessions SET replays = 0, gen_seen = FALSE, gen = ");
        out.push_bind_param::<BigInt, _>(&self.next)?;
        out.push_sql(", rotated_at = ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(", recent = ");
        out.push_bind_param::<Text, _>(&self.recent)?;
        out.push_sql(", idle_expires_at = ");
        out.push_bind_param::<BigInt, _>(&self.idle_expires_at)?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<Text, _>(&self.id)?;
        out.push_sql(" AND gen = ");
        out.push_bind_param::<BigInt, _>(&self.generation)?;
        out.push_sql(" AND rotated_at = ");
        out.push_bind_param::<BigInt, _>(&self.rotated_at)?;
        out.push_sql(" AND revoked_at IS NULL");
        Ok(())
    }
}

impl<Conn> RunQueryDsl<Conn> for Rotate {}

/// To the next generation, if the session still stands as it `stood` when that was decided,
/// and has not ended. Whether it did; if not, read again.
///
/// # Errors
/// When the database is away.
pub fn rotate(
    connection: &mut AnyConnection,
    id: SessionId,
    [stood, next]: [Generation; 2],
    idle_expires_at: Timestamp,
) -> Result<bool> {
    let statement = Rotate {
        id: id.to_string(),
        generation: i64::from(stood.number),
        rotated_at: stood.rotated_at.millis(),
        next: i64::from(next.number),
        now: next.rotated_at.millis(),
        recent: next.recent.to_string(),
        idle_expires_at: idle_expires_at.millis(),
    };
    let rows = on_each!(connection, inner => statement.execute(inner))?;
    at_most_one("rotating a session", rows)
}

/// Rule 5: gives the present generation again, if the session still stands as it did when
/// that was decided, and has not ended. Whether it did; if not, read again.
pub fn give_again(
    connection: &mut AnyConnection,
    id: SessionId,
    stood: Generation,
    again: Generation,
) -> Result<bool> {
    let rows = diesel::update(
        sessions::table
            .filter(sessions::id.eq(id.to_string()))
            .filter(sessions::generation.eq(i64::from(stood.number)))
            .filter(sessions::rotated_at.eq(stood.rotated_at.millis()))
            .filter(sessions::revoked_at.is_null()),
    )
    .set((
        sessions::replays.eq(sessions::replays + 1),
        sessions::rotated_at.eq(again.rotated_at.millis()),
        sessions::recent.eq(again.recent.to_string()),
    ))
    .execute(connection)?;
    at_most_one("giving a generation again", rows)
}

/// Rule 4: one more replay of the current generation, below `limit`.
///
/// # Errors
/// When the database is away.
pub fn count_replay(
    connection: &mut AnyConnection,
    id: SessionId,
    generation: u32,
    limit: u32,
) -> Result<bool> {
    let rows = diesel::update(
        sessions::table
            .filter(sessions::id.eq(id.to_string()))
            .filter(sessions::generation.eq(i64::from(generation)))
            .filter(sessions::replays.lt(i32::try_from(limit).unwrap_or(i32::MAX)))
            .filter(sessions::revoked_at.is_null()),
    )
    .set(sessions::replays.eq(sessions::replays + 1))
    .execute(connection)?;
    at_most_one("counting a replay", rows)
}
