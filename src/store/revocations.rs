//! What every process must learn within a second, in the order of a sequence number
//! (semantics 8). Nothing here is authoritative: sessions and accounts are.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::domain::account::{AccessVersion, Epoch};
use crate::domain::id::{AccountId, SessionId};
use crate::store::engine::advisory::{self, Turn};
use crate::store::engine::columns::{time, word};
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Error, Result, every_one};
use crate::store::engine::schema::revocations;
use crate::support::clock::Timestamp;

/// News for every process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// This session has ended.
    Session(SessionId),
    /// Tokens of this account of an older epoch are dead.
    Epoch { account: AccountId, least: Epoch },
    /// Tokens of this account of an older access version are outdated.
    Access {
        account: AccountId,
        least: AccessVersion,
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

/// In a row of an account, of what it does not speak of: no token is older than that. Older processes
/// of this database write and read it so, too.
const UNCHANGED: i64 = 0;

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
                News::Epoch { account, least } => {
                    ("account", account.to_string(), least.0, UNCHANGED)
                }
                News::Access { account, least } => {
                    ("account", account.to_string(), UNCHANGED, least.0)
                }
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
        let added = match connection {
            AnyConnection::Sqlite(sqlite) => insert.execute(sqlite)?,
            AnyConnection::Postgres(postgres) => {
                // What the table held before this statement.
                let before = sql::<Nullable<BigInt>>("(SELECT max(seq) FROM revocations)");
                let added: Vec<(i64, Option<i64>)> = insert
                    .returning((revocations::seq, before))
                    .get_results(postgres)?;
                if added.iter().any(|(seq, before)| Some(*seq) <= *before) {
                    return Err(Error::Unfit(BEHIND.to_owned()));
                }
                added.len()
            }
        };
        every_one("adding revocations", added, part.len())?;
    }
    Ok(())
}

/// Copies of tables carry rows and no sequence. What is numbered below rows that are there is read by
/// nobody, so it is not written.
const BEHIND: &str = "the sequence of the table revocations is behind its rows, as after a copy of the \
    tables alone: processes would not learn of what ends. Its owner says: SELECT \
    setval(pg_get_serial_sequence('revocations', 'seq'), (SELECT max(seq) FROM revocations))";

/// Moves the sequence on to the rows that are there, if it is behind them.
///
/// # Errors
/// Where it is behind and the role may not move it.
pub fn move_sequence_on(connection: &mut AnyConnection) -> Result<()> {
    advisory::hold(connection, Turn::Revocations)?;
    let AnyConnection::Postgres(postgres) = connection else {
        return Ok(());
    };
    let may = |right| format!("has_sequence_privilege(numbers, '{right}')");
    let (see, set) = (may("SELECT"), may("UPDATE"));
    // Who may not look at it is told by the first that is written.
    let question = format!(
        "SELECT CASE WHEN NOT {see} THEN 'good' \
         WHEN last <= coalesce(pg_sequence_last_value(numbers), 0) THEN 'good' \
         WHEN NOT {set} THEN 'behind' ELSE setval(numbers, last)::text END AS word \
         FROM (SELECT pg_get_serial_sequence('revocations', 'seq')::regclass AS numbers, \
         coalesce((SELECT max(seq) FROM revocations), 0) AS last) AS it"
    );
    let word: Word = diesel::sql_query(question).get_result(postgres)?;
    match word.word.as_str() {
        "good" => Ok(()),
        "behind" => Err(Error::Unfit(BEHIND.to_owned())),
        last => {
            log::warn!("the sequence of revocations was behind its rows: it goes on after {last}");
            Ok(())
        }
    }
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

/// The entries of so many rows after sequence number `after`, and the last number seen.
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
    let mut entries = Vec::with_capacity(rows.len());
    for (_, kind, subject, epoch, access_version, until) in rows {
        let mut add = |news| {
            let until = time(until);
            entries.push(Revocation { news, until });
        };
        match kind.as_str() {
            "session" => add(News::Session(word("revoked session", &subject)?)),
            "account" => {
                let account = word("revoked account", &subject)?;
                // One at the least: a page that is full holds no fewer entries than rows.
                if epoch != UNCHANGED || access_version == UNCHANGED {
                    let least = Epoch(epoch);
                    add(News::Epoch { account, least });
                }
                if access_version != UNCHANGED {
                    let least = AccessVersion(access_version);
                    add(News::Access { account, least });
                }
            }
            "keys" => add(News::Keys),
            _ => return Err(Error::Corrupt("revocation kind")),
        }
    }
    Ok((entries, last))
}
