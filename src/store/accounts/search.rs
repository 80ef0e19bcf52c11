//! Accounts page by page, and by what they are called.

use diesel::prelude::*;

use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::search_words::SearchWords;
use crate::store::accounts::Row;
use crate::store::engine::connection::{AnyConnection, compare};
use crate::store::engine::error::Result;
use crate::store::engine::schema::accounts;
use crate::store::engine::search_by_parts::{self, Called, Page};
use crate::support::clock::Timestamp;

/// Those in whose names or primary address each of the words stands, oldest first, from the one
/// after `after` on, at most `limit`.
pub fn search(
    connection: &mut AnyConnection,
    words: &SearchWords,
    after: Option<(Timestamp, AccountId)>,
    limit: i64,
) -> Result<Vec<Account>> {
    if words.is_empty() {
        return match after {
            None => list(connection, limit),
            Some(after) => list_after(connection, after, limit),
        };
    }
    let page = Page {
        after: after.map(|(at, id)| (at, id.to_string())),
        limit,
    };
    search_by_parts::search(
        connection,
        (Called::Account, words),
        &page,
        |connection, ids| {
            let found = accounts::table.filter(accounts::id.eq_any(ids));
            let rows: Vec<Row> = found.load(connection)?;
            rows.into_iter()
                .map(|row| Ok((row.id.clone(), Account::try_from(row)?)))
                .collect()
        },
    )
}

/// Oldest first, at most `limit`.
pub fn list(connection: &mut AnyConnection, limit: i64) -> Result<Vec<Account>> {
    accounts::table
        .order((accounts::created_at.asc(), accounts::id.asc()))
        .limit(limit)
        .load::<Row>(connection)?
        .into_iter()
        .map(Account::try_from)
        .collect()
}

/// Those that come after one in the order of [`list`], at most `limit`.
pub fn list_after(
    connection: &mut AnyConnection,
    after: (Timestamp, AccountId),
    limit: i64,
) -> Result<Vec<Account>> {
    let (at, id) = (after.0.millis(), after.1.to_string());
    accounts::table
        .filter(compare!("(accounts.created_at, accounts.id) > ", at, id))
        .order((accounts::created_at.asc(), accounts::id.asc()))
        .limit(limit)
        .load::<Row>(connection)?
        .into_iter()
        .map(Account::try_from)
        .collect()
}

/// How many come after one in the order of [`list`].
pub fn count_after(connection: &mut AnyConnection, after: (Timestamp, AccountId)) -> Result<i64> {
    let (at, id) = (after.0.millis(), after.1.to_string());
    Ok(accounts::table
        .filter(compare!("(accounts.created_at, accounts.id) > ", at, id))
        .count()
        .get_result(connection)?)
}
