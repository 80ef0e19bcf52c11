//! Accounts.

/// Their names, as they are looked for.
pub mod names;
/// What they say of their owners, for many at once.
pub mod people;
/// Page by page, and by what they are called.
pub mod search;

use std::collections::HashMap;

use diesel::pg::PgConnection;
use diesel::prelude::*;

use crate::domain::account::{AccessVersion, Account, Epoch};
use crate::domain::id::AccountId;
use crate::domain::identifier::{Email, Identifier, Username};
use crate::store::emails;
use crate::store::engine::columns::{optional, time, word};
use crate::store::engine::conflict::{Taken, unless_taken};
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Error, Result, exactly_one};
use crate::store::engine::schema::{accounts, emails as addresses, factors};
use crate::support::clock::Timestamp;

#[derive(Queryable)]
pub(in crate::store) struct Row {
    id: String,
    email: Option<String>,
    _email_canonical: Option<String>,
    username: Option<String>,
    _username_canonical: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    anonymous: bool,
    enabled: bool,
    verified: bool,
    terms_accepted: bool,
    epoch: i64,
    access_version: i64,
    created_at: i64,
    updated_at: i64,
    created_by: Option<String>,
    last_login_at: Option<i64>,
    machine: bool,
}

impl TryFrom<Row> for Account {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: word("account id", &row.id)?,
            email: row.email,
            username: row.username,
            first_name: row.first_name,
            last_name: row.last_name,
            anonymous: row.anonymous,
            machine: row.machine,
            enabled: row.enabled,
            verified: row.verified,
            terms_accepted: row.terms_accepted,
            epoch: Epoch(row.epoch),
            access_version: AccessVersion(row.access_version),
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
            created_by: optional("account id", row.created_by.as_deref())?,
            last_login_at: row.last_login_at.map(time),
        })
    }
}

/// What a new account begins with.
pub struct New {
    pub id: AccountId,
    pub email: Option<Email>,
    pub username: Option<Username>,
    pub verified: bool,
    pub created_by: Option<AccountId>,
    pub now: Timestamp,
}

impl New {
    /// Its address, as the primary one.
    pub(in crate::store) const fn primary<'a>(&self, email: &'a Email) -> emails::New<'a> {
        emails::New {
            account: self.id,
            email,
            verified: self.verified,
            is_primary: true,
            now: self.now,
        }
    }
}

/// # Errors
/// When the database is away. [`Taken`] is an answer: the e-mail address or the
/// username belongs to another account.
pub fn add(connection: &mut AnyConnection, new: &New) -> Result<Result<(), Taken>> {
    unless_taken(connection, |connection| {
        let rows = diesel::insert_into(accounts::table)
            .values((
                accounts::id.eq(new.id.to_string()),
                accounts::email.eq(new.email.as_ref().map(Email::written)),
                accounts::email_canonical.eq(new.email.as_ref().map(Email::canonical)),
                accounts::username.eq(new.username.as_ref().map(Username::written)),
                accounts::username_canonical.eq(new.username.as_ref().map(Username::canonical)),
                accounts::verified.eq(new.verified),
                accounts::created_by.eq(new.created_by.map(|id| id.to_string())),
                accounts::created_at.eq(new.now.millis()),
                accounts::updated_at.eq(new.now.millis()),
            ))
            .execute(connection)?;
        match &new.email {
            Some(email) => emails::insert(connection, &new.primary(email)),
            None => Ok(rows),
        }
    })
}

/// Makes an account that was added now a program's.
///
/// # Errors
/// When the database is away or there is no such account.
pub fn make_machine(connection: &mut AnyConnection, id: AccountId) -> Result<()> {
    let rows = diesel::update(accounts::table.find(id.to_string()))
        .set(accounts::machine.eq(true))
        .execute(connection)?;
    exactly_one("making an account a machine's", rows)
}

pub fn lookup(connection: &mut AnyConnection, id: AccountId) -> Result<Option<Account>> {
    let question = accounts::table.find(id.to_string());
    on_each!(connection, inner => question.first::<Row>(inner))
        .optional()?
        .map(Account::try_from)
        .transpose()
}

/// The account, and whether it has a second factor that counts: one question, because a
/// caller's profile asks nothing else.
pub fn lookup_with_factor(
    connection: &mut AnyConnection,
    id: AccountId,
) -> Result<Option<(Account, bool)>> {
    let active = factors::account_id
        .eq(accounts::id)
        .and(factors::confirmed_at.is_not_null());
    let question = accounts::table
        .left_join(factors::table.on(active))
        .filter(accounts::id.eq(id.to_string()))
        .select((accounts::all_columns, factors::id.nullable()));
    on_each!(connection, inner => question.first::<(Row, Option<String>)>(inner))
        .optional()?
        .map(|(account, factor)| Ok((account.try_into()?, factor.is_some())))
        .transpose()
}

/// The same for many at once, by their ids. Who is not there is not in it.
pub(in crate::store) fn each_with_factor(
    connection: &mut PgConnection,
    ids: &[String],
) -> Result<HashMap<String, Result<(Account, bool)>>> {
    let active = factors::account_id
        .eq(accounts::id)
        .and(factors::confirmed_at.is_not_null());
    let rows: Vec<(Row, Option<String>)> = accounts::table
        .left_join(factors::table.on(active))
        .filter(accounts::id.eq_any(ids))
        .select((accounts::all_columns, factors::id.nullable()))
        .load(connection)?;
    let found = rows.into_iter().map(|(account, factor)| {
        let id = account.id.clone();
        let account = Account::try_from(account);
        (id, account.map(|account| (account, factor.is_some())))
    });
    Ok(found.collect())
}

pub fn find_by_identifier(
    connection: &mut AnyConnection,
    identifier: &Identifier,
) -> Result<Option<Account>> {
    let counts = addresses::verified
        .eq(true)
        .or(addresses::is_primary.eq(true));
    let row = match identifier {
        // By the primary address, and by every other one that was proven.
        Identifier::Email(email) => accounts::table
            .inner_join(addresses::table)
            .filter(addresses::canonical.eq(email.canonical()))
            .filter(counts)
            .select(accounts::all_columns)
            .first::<Row>(connection),
        Identifier::Username(username) => accounts::table
            .filter(accounts::username_canonical.eq(username.canonical()))
            .first::<Row>(connection),
        Identifier::Id { account, .. } => return lookup(connection, *account),
    };
    row.optional()?.map(Account::try_from).transpose()
}

pub fn count(connection: &mut AnyConnection) -> Result<i64> {
    Ok(accounts::table.count().get_result(connection)?)
}

/// First and last name.
///
/// # Errors
/// When the database is away or there is no such account.
pub fn set_names(
    connection: &mut AnyConnection,
    id: AccountId,
    (first, last): (Option<&str>, Option<&str>),
    now: Timestamp,
) -> Result<()> {
    let rows = diesel::update(accounts::table.find(id.to_string()))
        .set((
            accounts::first_name.eq(first),
            accounts::last_name.eq(last),
            accounts::updated_at.eq(now.millis()),
        ))
        .execute(connection)?;
    exactly_one("setting names", rows)?;
    names::set_canonical(connection, id, (first, last))
}

/// Whether its owner accepted the terms.
///
/// # Errors
/// When the database is away or there is no such account.
pub fn set_terms(
    connection: &mut AnyConnection,
    id: AccountId,
    accepted: bool,
    now: Timestamp,
) -> Result<()> {
    let rows = diesel::update(accounts::table.find(id.to_string()))
        .set((
            accounts::terms_accepted.eq(accepted),
            accounts::updated_at.eq(now.millis()),
        ))
        .execute(connection)?;
    exactly_one("accepting terms", rows)
}

/// Notes that something about the account was changed that stands elsewhere.
///
/// # Errors
/// When the database is away or there is no such account.
pub fn touch(connection: &mut AnyConnection, id: AccountId, now: Timestamp) -> Result<()> {
    let rows = diesel::update(accounts::table.find(id.to_string()))
        .set(accounts::updated_at.eq(now.millis()))
        .execute(connection)?;
    exactly_one("changing a profile", rows)
}

/// Another username. [`Taken`]: it is another's.
pub fn set_username(
    connection: &mut AnyConnection,
    id: AccountId,
    username: &Username,
    now: Timestamp,
) -> Result<Result<(), Taken>> {
    unless_taken(connection, |connection| {
        diesel::update(accounts::table.find(id.to_string()))
            .set((
                accounts::username.eq(username.written()),
                accounts::username_canonical.eq(username.canonical()),
                accounts::updated_at.eq(now.millis()),
            ))
            .execute(connection)
    })
}

/// # Errors
/// When the database is away or there is no such account.
pub fn set_enabled(
    connection: &mut AnyConnection,
    id: AccountId,
    enabled: bool,
    now: Timestamp,
) -> Result<()> {
    let rows = diesel::update(accounts::table.find(id.to_string()))
        .set((
            accounts::enabled.eq(enabled),
            accounts::updated_at.eq(now.millis()),
        ))
        .execute(connection)?;
    exactly_one("enabling or disabling an account", rows)
}

/// Ends every session and token of the account. Gives the new epoch.
///
/// # Errors
/// When the database is away or there is no such account.
pub fn advance_epoch(
    connection: &mut AnyConnection,
    id: AccountId,
    now: Timestamp,
) -> Result<Epoch> {
    let rows = diesel::update(accounts::table.find(id.to_string()))
        .set((
            accounts::epoch.eq(accounts::epoch + 1),
            accounts::updated_at.eq(now.millis()),
        ))
        .execute(connection)?;
    exactly_one("advancing an epoch", rows)?;
    Ok(accounts::table
        .find(id.to_string())
        .select(accounts::epoch)
        .first(connection)
        .map(Epoch)?)
}

/// Makes every older token of the account too old to be believed. Gives the new version.
///
/// # Errors
/// When the database is away or there is no such account.
pub fn advance_access(
    connection: &mut AnyConnection,
    id: AccountId,
    now: Timestamp,
) -> Result<AccessVersion> {
    let rows = diesel::update(accounts::table.find(id.to_string()))
        .set((
            accounts::access_version.eq(accounts::access_version + 1),
            accounts::updated_at.eq(now.millis()),
        ))
        .execute(connection)?;
    exactly_one("advancing an access version", rows)?;
    Ok(accounts::table
        .find(id.to_string())
        .select(accounts::access_version)
        .first(connection)
        .map(AccessVersion)?)
}

/// Every session of every account is over. How many accounts there are.
pub fn advance_every_epoch(connection: &mut AnyConnection, now: Timestamp) -> Result<usize> {
    if let AnyConnection::Postgres(postgres) = connection {
        // Three seconds are enough for one account, and this is for as many as there are.
        diesel::sql_query("SET LOCAL statement_timeout = '10min'").execute(postgres)?;
    }
    Ok(diesel::update(accounts::table)
        .set((
            accounts::epoch.eq(accounts::epoch + 1),
            accounts::updated_at.eq(now.millis()),
        ))
        .execute(connection)?)
}

/// Notes a sign-in, if the account is enabled and still of that epoch. Whether it is:
/// then it stays so until the transaction ends, and whoever disables it or ends its
/// sessions meanwhile waits and finds the new one too.
pub fn sign_in(
    connection: &mut AnyConnection,
    id: AccountId,
    epoch: Epoch,
    now: Timestamp,
) -> Result<bool> {
    let rows = diesel::update(
        accounts::table
            .filter(accounts::id.eq(id.to_string()))
            .filter(accounts::enabled.eq(true))
            .filter(accounts::epoch.eq(epoch.0)),
    )
    .set(accounts::last_login_at.eq(now.millis()))
    .execute(connection)?;
    Ok(rows == 1)
}

/// Lets nobody else change the account or sign in to it until the transaction ends. The
/// first thing that a change of its credentials does, so that all of them take their
/// locks in one order. Whether it is there: it may have been deleted.
pub fn hold(connection: &mut AnyConnection, id: AccountId) -> Result<bool> {
    let rows = diesel::update(accounts::table.find(id.to_string()))
        .set(accounts::epoch.eq(accounts::epoch))
        .execute(connection)?;
    Ok(rows == 1)
}

/// Deletes the account, and what refers to it.
///
/// # Errors
/// When the database is away or there is no such account.
pub fn delete(connection: &mut AnyConnection, id: AccountId) -> Result<()> {
    let rows = diesel::delete(accounts::table.find(id.to_string())).execute(connection)?;
    exactly_one("deleting an account", rows)
}
