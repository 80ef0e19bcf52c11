//! What every process must learn within a second, in the order of a sequence number
//! (semantics 8). Nothing here is authoritative: sessions and accounts are.

use diesel::prelude::*;

use crate::domain::account::{AccessVersion, Epoch};
use crate::domain::id::{AccountId, SessionId};
use crate::store::engine::advisory::{self, Turn};
use crate::store::engine::columns::{time, word};
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Error, Result, every_one};
use crate::store::engine::schema::revocations;
use crate::support::clock::Timestamp;

/// News for every process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// This session has ended.
    Session(SessionId),
    /// Tokens of this account of an older epoch or access version are dead.
    Account {
        id: AccountId,
        epoch: Epoch,
        access_version: AccessVersion,
    },
    /// There is another signing key.
    Keys,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub news: News,
    /// After this no token can live that the news is about.
    pub until: Timestamp,
}

/// So many rows to a statement: SQLite binds no more than 32,766 values.
const BATCH: usize = 1000;

/// Adds entries, in a few statements. Must be the last thing that takes a lock in its
/// transaction: on PostgreSQL it waits for the other transactions that add one, so that sequence
/// numbers become visible in order and a reader that has seen one has seen all before it.
pub fn add_all(connection: &mut AnyConnection, entries: &[Revocation]) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    advisory::hold(connection, Turn::Revocations)?;
    for part in entries.chunks(BATCH) {
        let row = |entry: &Revocation| {
            let (kind, subject, epoch, access_version) = match entry.news {
                News::Session(id) => ("session", id.to_string(), 0, 0),
                News::Account {
                    id,
                    epoch,
                    access_version,
                } => ("account", id.to_string(), epoch.0, access_version.0),
                News::Keys => ("keys", String::new(), 0, 0),
            };
            (
                revocations::kind.eq(kind),
                revocations::subject.eq(subject),
                revocations::epoch.eq(epoch),
                revocations::access_version.eq(access_version),
                revocations::until.eq(entry.until.millis()),
            )
        };
        let rows: Vec<_> = part.iter().map(row).collect();
        let insert = diesel::insert_into(revocations::table).values(rows);
        let added = on_each!(connection, inner => insert.execute(inner))?;
        every_one("adding revocations", added, part.len())?;
    }
    Ok(())
}

/// The entries after sequence number `after`, and the last number seen.
pub fn list_after(
    connection: &mut AnyConnection,
    after: i64,
    limit: i64,
) -> Result<(Vec<Revocation>, i64)> {
    let rows = revocations::table
        .filter(revocations::seq.gt(after))
        .order(revocations::seq.asc())
        .limit(limit)
        .load::<(i64, String, String, i64, i64, i64)>(connection)?;
    let last = rows.last().map_or(after, |row| row.0);
    let entries = rows
        .into_iter()
        .map(|(_, kind, subject, epoch, access_version, until)| {
            let news = match kind.as_str() {
                "session" => News::Session(word("revoked session", &subject)?),
                "account" => News::Account {
                    id: word("revoked account", &subject)?,
                    epoch: Epoch(epoch),
                    access_version: AccessVersion(access_version),
                },
                "keys" => News::Keys,
                _ => return Err(Error::Corrupt("revocation kind")),
            };
            Ok(Revocation {
                news,
                until: time(until),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok((entries, last))
}
