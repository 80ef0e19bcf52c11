//! Counters of failed attempts, shared by all replicas. A change is a compare-and-set
//! on the whole counter, so a parallel burst loses no count.

use diesel::prelude::*;

use crate::domain::guess_limit::{Counter, FOR_EVER};
use crate::store::engine::columns::time;
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Result, at_most_one};
use crate::store::engine::schema::limits;
use crate::support::clock::Timestamp;

/// The counter; `None` where nothing was counted.
pub fn lookup(connection: &mut AnyConnection, key: &str) -> Result<Option<Counter>> {
    let row: Option<(i64, i64, i64, i64)> = limits::table
        .find(key)
        .select((
            limits::failures,
            limits::next_at,
            limits::since,
            limits::forgiven,
        ))
        .first(connection)
        .optional()?;
    Ok(row.map(|(failures, next_at, since, forgiven)| Counter {
        failures,
        next_at: time(next_at),
        since: time(since),
        forgiven,
    }))
}

/// The counter of this key, if it still is this one.
#[diesel::dsl::auto_type]
fn unchanged(key: String, counter: Counter) -> _ {
    let next_at: i64 = counter.next_at.millis();
    let since: i64 = counter.since.millis();
    let failures: i64 = counter.failures;
    let forgiven: i64 = counter.forgiven;
    limits::table
        .filter(limits::key.eq(key))
        .filter(limits::failures.eq(failures))
        .filter(limits::forgiven.eq(forgiven))
        .filter(limits::next_at.eq(next_at))
        .filter(limits::since.eq(since))
}

/// What a row is to hold, and until when it is kept.
#[derive(Clone, Copy)]
pub struct Kept {
    pub counter: Counter,
    pub until: Timestamp,
}

/// Sets the counter, if it still is what was read. Whether it was.
pub fn set(
    connection: &mut AnyConnection,
    key: &str,
    read: Option<Counter>,
    Kept { counter, until }: Kept,
) -> Result<bool> {
    let Some(read) = read else {
        // Another request may insert it first: no error, but no row of ours either.
        let rows = on_each!(connection, inner => diesel::insert_into(limits::table)
            .values((
                limits::key.eq(key),
                limits::failures.eq(counter.failures),
                limits::next_at.eq(counter.next_at.millis()),
                limits::since.eq(counter.since.millis()),
                limits::expires_at.eq(until.millis()),
                limits::forgiven.eq(counter.forgiven),
            ))
            .on_conflict_do_nothing()
            .execute(inner))?;
        return Ok(rows == 1);
    };
    let rows = diesel::update(unchanged(key.to_owned(), read))
        .set((
            limits::failures.eq(counter.failures),
            limits::next_at.eq(counter.next_at.millis()),
            limits::since.eq(counter.since.millis()),
            limits::expires_at.eq(until.millis()),
            limits::forgiven.eq(counter.forgiven),
        ))
        .execute(connection)?;
    Ok(rows == 1)
}

/// Removes the counter, if it still is what stood. Whether it was.
pub fn remove(connection: &mut AnyConnection, key: &str, stood: Counter) -> Result<bool> {
    let rows = diesel::delete(unchanged(key.to_owned(), stood)).execute(connection)?;
    Ok(rows == 1)
}

/// Takes one failure back: the attempt that was counted before it was looked at was a
/// good one.
pub fn release(connection: &mut AnyConnection, key: &str) -> Result<()> {
    diesel::update(
        limits::table
            .filter(limits::key.eq(key))
            .filter(limits::failures.gt(0)),
    )
    .set(limits::failures.eq(limits::failures - 1))
    .execute(connection)?;
    Ok(())
}

/// Forgets every failure.
pub fn clear(connection: &mut AnyConnection, key: &str) -> Result<()> {
    diesel::delete(limits::table.find(key)).execute(connection)?;
    Ok(())
}

/// Nobody waits for the failures of these rows any more; that they were stays until then.
macro_rules! forgive {
    ($rows:expr, $until:expr) => {
        diesel::update($rows).set((
            limits::forgiven.eq(limits::forgiven + limits::failures),
            limits::failures.eq(0),
            limits::next_at.eq(0),
            limits::expires_at.eq($until.millis()),
        ))
    };
}

/// Of one counter. Whether there was something to forgive.
pub fn forgive(connection: &mut AnyConnection, key: &str, until: Timestamp) -> Result<bool> {
    let failed = limits::table
        .filter(limits::key.eq(key))
        .filter(limits::failures.gt(0));
    let rows = forgive!(failed, until).execute(connection)?;
    at_most_one("forgiving failures", rows)
}

/// Of every suspension: they alone never expire. How many there were.
pub fn forgive_suspended(connection: &mut AnyConnection, until: Timestamp) -> Result<usize> {
    let suspended = limits::table.filter(limits::expires_at.eq(FOR_EVER.millis()));
    Ok(forgive!(suspended, until).execute(connection)?)
}
