//! Accounts page by page, and by what they are called.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::words::SearchWords;
use crate::store::accounts::Row;
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::Result;
use crate::store::engine::schema::accounts;
use crate::support::clock::Timestamp;

/// What is looked through. Names of before there was a column for them in lower case are lowered by
/// the database, which may know capitals of ASCII alone.
const HAYSTACK: &str = "(coalesce(accounts.email_canonical, '') || ' ' || \
     coalesce(accounts.username_canonical, '') || ' ' || \
     coalesce(accounts.names_canonical, \
     lower(coalesce(accounts.first_name, '') || ' ' || coalesce(accounts.last_name, ''))))";

/// Accounts in whose names or primary address each of the words stands, oldest first, from
/// the one after `after` on, at most `limit`. It reads every account until there are so many.
pub fn search(
    connection: &mut AnyConnection,
    words: &SearchWords,
    after: Option<(Timestamp, AccountId)>,
    limit: i64,
) -> Result<Vec<Account>> {
    let (at, id) = after.map_or((i64::MIN, String::new()), |(at, id)| {
        (at.millis(), id.to_string())
    });
    let has = |number: usize| {
        sql::<Text>(HAYSTACK)
            .like(words.pattern(number))
            .escape('\\')
    };
    accounts::table
        .filter(
            accounts::created_at
                .gt(at)
                .or(accounts::created_at.eq(at).and(accounts::id.gt(id))),
        )
        .filter(has(0))
        .filter(has(1))
        .filter(has(2))
        .filter(has(3))
        .order((accounts::created_at.asc(), accounts::id.asc()))
        .limit(limit)
        .select(accounts::all_columns)
        .load::<Row>(connection)?
        .into_iter()
        .map(Account::try_from)
        .collect()
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
        .filter(
            accounts::created_at
                .gt(at)
                .or(accounts::created_at.eq(at).and(accounts::id.gt(id))),
        )
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
    let later = accounts::created_at
        .gt(at)
        .or(accounts::created_at.eq(at).and(accounts::id.gt(id)));
    Ok(accounts::table
        .filter(later)
        .count()
        .get_result(connection)?)
}
