//! The statements of a refresh that move the generation's instant, or count (semantics 1, rules 3
//! to 5). The first is by its text: Diesel compiles its own UPDATE statements anew at each use, and
//! this one is what a refresh costs.

use std::collections::BTreeSet;

use diesel::backend::Backend;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, BigInt, Text};

use crate::domain::id::SessionId;
use crate::domain::refresh_rotation::Generation;
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Error, Result, at_most_one};
use crate::store::engine::guarded_statement::Guarded;
use crate::store::engine::schema::sessions;
use crate::store::sessions::{as_it_stood, unended};
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

/// What [`rotate`] takes: it may be one of many ([`Store::write_each`]).
///
/// [`Store::write_each`]: crate::store::Store::write_each
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    pub session: SessionId,
    pub stood: Generation,
    pub next: Generation,
    pub idle_expires_at: Timestamp,
}

impl Guarded for Rotation {
    fn alone(&self, connection: &mut AnyConnection) -> Result<bool> {
        let generations = [self.stood, self.next];
        rotate(connection, self.session, generations, self.idle_expires_at)
    }

    fn together(all: &[Self], connection: &mut PgConnection) -> Result<Vec<usize>> {
        let millis = |of: fn(&Self) -> Timestamp| all.iter().map(|it| of(it).millis()).collect();
        let number = |of: fn(&Self) -> u32| all.iter().map(|it| i64::from(of(it))).collect();
        let statement = RotateMany {
            id: all.iter().map(|it| it.session.to_string()).collect(),
            generation: number(|it| it.stood.number),
            rotated_at: millis(|it| it.stood.rotated_at),
            next: number(|it| it.next.number),
            now: millis(|it| it.next.rotated_at),
            recent: all.iter().map(|it| it.next.recent.to_string()).collect(),
            idle_expires_at: millis(|it| it.idle_expires_at),
        };
        let rotated: Vec<i64> = statement.load(connection)?;
        let place = |number: i64| {
            usize::try_from(number - 1)
                .ok()
                .filter(|at| *at < all.len())
        };
        let places: Option<BTreeSet<usize>> = rotated.iter().copied().map(place).collect();
        places
            .filter(|places| places.len() == rotated.len())
            .map(|places| places.into_iter().collect())
            .ok_or(Error::Corrupt("a rotation that nobody asked for"))
    }
}

/// [`Rotate`] for many: PostgreSQL pays the round trip, the change of process and the commit once.
/// A row that another transaction is at work on is passed over, or it would hold up all of them.
#[derive(QueryId)]
struct RotateMany {
    id: Vec<String>,
    generation: Vec<i64>,
    rotated_at: Vec<i64>,
    next: Vec<i64>,
    now: Vec<i64>,
    recent: Vec<String>,
    idle_expires_at: Vec<i64>,
}

impl QueryFragment<Pg> for RotateMany {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH held AS MATERIALIZED (SELECT asked.* FROM unnest(");
        out.push_bind_param::<Array<Text>, _>(&self.id)?;
        for numbers in [&self.generation, &self.rotated_at, &self.next, &self.now] {
            out.push_sql(", ");
            out.push_bind_param::<Array<BigInt>, _>(numbers)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.recent)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.idle_expires_at)?;
        out.push_sql(
            ") WITH ORDINALITY \
             AS asked (id, gen, rotated_at, next, now, recent, idle_expires_at, number) \
             JOIN sessions ON sessions.id = asked.id \
             FOR NO KEY UPDATE OF sessions SKIP LOCKED) \
             UPDATE sessions SET replays = 0, gen_seen = FALSE, gen = held.next, \
             rotated_at = held.now, recent = held.recent, \
             idle_expires_at = held.idle_expires_at FROM held \
             WHERE sessions.id = held.id AND sessions.gen = held.gen \
             AND sessions.rotated_at = held.rotated_at AND sessions.revoked_at IS NULL \
             RETURNING held.number",
        );
        Ok(())
    }
}

impl Query for RotateMany {
    type SqlType = BigInt;
}

impl RunQueryDsl<PgConnection> for RotateMany {}

/// Rule 5: gives the present generation again, if the session still stands as it did when
/// that was decided, and has not ended. Whether it did; if not, read again.
pub fn give_again(
    connection: &mut AnyConnection,
    id: SessionId,
    stood: Generation,
    again: Generation,
) -> Result<bool> {
    let rows = diesel::update(as_it_stood(id, stood))
        .set((
            sessions::replays.eq(sessions::replays + 1),
            sessions::rotated_at.eq(again.rotated_at.millis()),
            sessions::recent.eq(again.recent.to_string()),
        ))
        .execute(connection)?;
    at_most_one("giving a generation again", rows)
}

/// Rule 4: one more replay of the current generation, below `limit`.
pub fn count_replay(
    connection: &mut AnyConnection,
    id: SessionId,
    generation: u32,
    limit: u32,
) -> Result<bool> {
    let rows = diesel::update(
        unended(id)
            .filter(sessions::generation.eq(i64::from(generation)))
            .filter(sessions::replays.lt(i32::try_from(limit).unwrap_or(i32::MAX))),
    )
    .set(sessions::replays.eq(sessions::replays + 1))
    .execute(connection)?;
    at_most_one("counting a replay", rows)
}
