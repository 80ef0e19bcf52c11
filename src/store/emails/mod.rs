//! The addresses of accounts: each belongs to one, and one of an account's is the primary.
//! `accounts` has the primary one once more; whoever changes it here changes it there.

/// By the owner of the account.
pub mod own;

use std::collections::HashMap;

use diesel::pg::PgConnection;
use diesel::prelude::*;

use crate::domain::id::AccountId;
use crate::domain::identifier::Email;
use crate::store::engine::columns::word;
use crate::store::engine::conflict::{Taken, unless_taken};
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Result, at_most_one, exactly_one};
use crate::store::engine::schema::{accounts, emails};
use crate::support::clock::Timestamp;

/// An address as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEmail {
    pub account: AccountId,
    pub written: String,
    pub canonical: String,
    pub verified: bool,
    pub is_primary: bool,
    /// Registered by several before anybody proved it.
    pub contested: bool,
}

impl StoredEmail {
    /// As its owner wrote it: a mail server may tell letter cases apart. None where it is none any more
    /// by what Keyward takes now.
    #[must_use]
    pub fn as_written(&self) -> Option<Email> {
        Email::parse(&self.written)
    }
}

type Row = (String, String, String, bool, bool, bool);

fn stored(row: Row) -> Result<StoredEmail> {
    let (account, written, canonical, verified, is_primary, contested) = row;
    Ok(StoredEmail {
        account: word("account id", &account)?,
        written,
        canonical,
        verified,
        is_primary,
        contested,
    })
}

/// An address that becomes an account's.
pub struct New<'a> {
    pub account: AccountId,
    pub email: &'a Email,
    pub verified: bool,
    pub is_primary: bool,
    pub now: Timestamp,
}

const COLUMNS: (
    emails::account_id,
    emails::written,
    emails::canonical,
    emails::verified,
    emails::is_primary,
    emails::contested,
) = (
    emails::account_id,
    emails::written,
    emails::canonical,
    emails::verified,
    emails::is_primary,
    emails::contested,
);

/// # Errors
/// When the database is away. [`Taken`]: it is somebody's already.
pub fn add(connection: &mut AnyConnection, new: &New<'_>) -> Result<Result<(), Taken>> {
    unless_taken(connection, |connection| insert(connection, new))
}

/// [`add`] inside of a savepoint that is there already: the address is a part of what it keeps.
///
/// # Errors
/// When the database is away, or the address is somebody's already.
pub(in crate::store) fn insert(
    connection: &mut AnyConnection,
    new: &New<'_>,
) -> QueryResult<usize> {
    let email = new.email;
    // What an account merely named as a further address keeps nobody from it.
    let named = emails::table
        .find(email.canonical().to_owned())
        .filter(emails::verified.eq(false))
        .filter(emails::is_primary.eq(false));
    diesel::delete(named).execute(connection)?;
    diesel::insert_into(emails::table)
        .values((
            emails::canonical.eq(email.canonical()),
            emails::account_id.eq(new.account.to_string()),
            emails::written.eq(email.written()),
            emails::verified.eq(new.verified),
            emails::is_primary.eq(new.is_primary),
            emails::created_at.eq(new.now.millis()),
        ))
        .execute(connection)
}

/// Whose address it is: who proved it, or has it as the primary one.
pub fn find(connection: &mut AnyConnection, email: &Email) -> Result<Option<StoredEmail>> {
    Ok(find_named(connection, email)?.filter(|found| found.verified || found.is_primary))
}

/// The same, and also who merely named it.
pub fn find_named(connection: &mut AnyConnection, email: &Email) -> Result<Option<StoredEmail>> {
    let row: Option<Row> = emails::table
        .find(email.canonical())
        .select(COLUMNS)
        .first(connection)
        .optional()?;
    row.map(stored).transpose()
}

/// The primary one first, then in the order of their coming.
pub fn list_of(connection: &mut AnyConnection, account: AccountId) -> Result<Vec<StoredEmail>> {
    let question = emails::table
        .filter(emails::account_id.eq(account.to_string()))
        .order((
            emails::is_primary.desc(),
            emails::created_at.asc(),
            emails::canonical.asc(),
        ))
        .select(COLUMNS);
    let rows: Vec<Row> = on_each!(connection, inner => question.load(inner))?;
    rows.into_iter().map(stored).collect()
}

/// The same for many at once, by the ids of their accounts. Who has none is not in it.
pub(in crate::store) fn each_of(
    connection: &mut PgConnection,
    accounts: &[String],
) -> Result<HashMap<String, Result<Vec<StoredEmail>>>> {
    let rows: Vec<Row> = emails::table
        .filter(emails::account_id.eq_any(accounts))
        .order((
            emails::is_primary.desc(),
            emails::created_at.asc(),
            emails::canonical.asc(),
        ))
        .select(COLUMNS)
        .load(connection)?;
    let mut each: HashMap<String, Vec<Row>> = HashMap::new();
    for row in rows {
        each.entry(row.0.clone()).or_default().push(row);
    }
    let list = |rows: Vec<Row>| rows.into_iter().map(stored).collect();
    Ok(each
        .into_iter()
        .map(|(id, rows)| (id, list(rows)))
        .collect())
}

/// Notes that somebody registered the address once more before it was proven.
///
/// # Errors
/// When the database is away or it was proven meanwhile.
pub fn contest(connection: &mut AnyConnection, taken: &StoredEmail) -> Result<()> {
    let unproven = emails::table
        .find(taken.canonical.clone())
        .filter(emails::account_id.eq(taken.account.to_string()))
        .filter(emails::verified.eq(false));
    let rows = diesel::update(unproven)
        .set(emails::contested.eq(true))
        .execute(connection)?;
    exactly_one("contesting an address", rows)
}

/// The address of this account.
pub fn lookup(
    connection: &mut AnyConnection,
    account: AccountId,
    canonical: &str,
) -> Result<Option<StoredEmail>> {
    let row: Option<Row> = emails::table
        .find(canonical.to_owned())
        .filter(emails::account_id.eq(account.to_string()))
        .select(COLUMNS)
        .first(connection)
        .optional()?;
    row.map(stored).transpose()
}

/// Whose address it is by proof.
pub fn find_proven(connection: &mut AnyConnection, email: &Email) -> Result<Option<StoredEmail>> {
    Ok(find_named(connection, email)?.filter(|found| found.verified))
}

/// Notes that the address of this account was proven. False where the account has it no more: what was
/// merely named goes without its account being held, to whoever registers it.
pub fn verify(
    connection: &mut AnyConnection,
    account: AccountId,
    canonical: &str,
    now: Timestamp,
) -> Result<bool> {
    let theirs = emails::table
        .find(canonical.to_owned())
        .filter(emails::account_id.eq(account.to_string()));
    let rows = diesel::update(theirs)
        .set((emails::verified.eq(true), emails::contested.eq(false)))
        .execute(connection)?;
    if !at_most_one("proving an address", rows)? {
        return Ok(false);
    }
    // No row where the address is not the primary one.
    diesel::update(
        accounts::table
            .find(account.to_string())
            .filter(accounts::email_canonical.eq(canonical)),
    )
    .set((
        accounts::verified.eq(true),
        accounts::updated_at.eq(now.millis()),
    ))
    .execute(connection)?;
    Ok(true)
}

pub fn remove_others(connection: &mut AnyConnection, account: AccountId, keep: &str) -> Result<()> {
    let others = emails::table
        .filter(emails::account_id.eq(account.to_string()))
        .filter(emails::canonical.ne(keep));
    diesel::delete(others).execute(connection)?;
    Ok(())
}
