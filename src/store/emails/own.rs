//! What an owner, or whoever reads the mail of an address, does to the addresses of one account.
//! The account is held.

use diesel::prelude::*;

use crate::domain::id::AccountId;
use crate::domain::identifier::Email;
use crate::store::emails::{New, add, find, list_of, lookup};
use crate::store::engine::conflict::Taken;
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Result, exactly_one};
use crate::store::engine::schema::{accounts, emails};
use crate::support::clock::Timestamp;

/// Puts a proven address in the place of the primary one.
///
/// # Errors
/// When the database is away or there is no such account. [`Taken`]: it is another's.
pub fn replace_primary(
    connection: &mut AnyConnection,
    account: AccountId,
    email: &Email,
    now: Timestamp,
) -> Result<Result<(), Taken>> {
    if find(connection, email)?.is_some_and(|found| found.account != account) {
        return Ok(Err(Taken));
    }
    let old_and_own = emails::table
        .filter(emails::account_id.eq(account.to_string()))
        .filter(
            emails::is_primary
                .eq(true)
                .or(emails::canonical.eq(email.canonical())),
        );
    diesel::delete(old_and_own).execute(connection)?;
    let new = New {
        account,
        email,
        verified: true,
        is_primary: true,
        now,
    };
    if add(connection, &new)?.is_err() {
        return Ok(Err(Taken));
    }
    copy_primary(connection, account, now).map(Ok)
}

/// Makes a proven address of the account its primary one. The one before stays.
///
/// # Errors
/// When the database is away, or the account has no such address that is proven.
pub fn make_primary(
    connection: &mut AnyConnection,
    account: AccountId,
    canonical: &str,
    now: Timestamp,
) -> Result<()> {
    let of_account = || emails::table.filter(emails::account_id.eq(account.to_string()));
    // Before, for two can not be at once.
    diesel::update(of_account().filter(emails::is_primary.eq(true)))
        .set(emails::is_primary.eq(false))
        .execute(connection)?;
    let one = of_account().filter(emails::canonical.eq(canonical.to_owned()));
    let rows = diesel::update(one.filter(emails::verified.eq(true)))
        .set(emails::is_primary.eq(true))
        .execute(connection)?;
    exactly_one("making an address the primary one", rows)?;
    copy_primary(connection, account, now)
}

/// Removes an address that is not the primary one.
///
/// # Errors
/// When the database is away, or the account has no such address.
pub fn remove(
    connection: &mut AnyConnection,
    account: AccountId,
    canonical: &str,
    now: Timestamp,
) -> Result<()> {
    let one = emails::table
        .find(canonical.to_owned())
        .filter(emails::account_id.eq(account.to_string()))
        .filter(emails::is_primary.eq(false));
    let rows = diesel::delete(one).execute(connection)?;
    exactly_one("removing an address", rows)?;
    let rows = diesel::update(accounts::table.find(account.to_string()))
        .set(accounts::updated_at.eq(now.millis()))
        .execute(connection)?;
    exactly_one("changing an account's addresses", rows)
}

/// Leaves the account these addresses: each with whether it was proven, and the primary one. What
/// has become another account's since stays that one's. The reader's address is proven by its
/// being asked for, and the primary one where that of before is another's now.
///
/// # Errors
/// When the database is away or there is no such account. [`Taken`]: the reader's is another's.
pub fn restore(
    connection: &mut AnyConnection,
    account: AccountId,
    (reader, now): (&Email, Timestamp),
    before: &[(Email, bool, bool)],
) -> Result<Result<(), Taken>> {
    let own = || emails::table.filter(emails::account_id.eq(account.to_string()));
    let kept: Vec<&str> = before.iter().map(|(email, ..)| email.canonical()).collect();
    diesel::delete(own().filter(emails::canonical.ne_all(kept))).execute(connection)?;
    diesel::update(own())
        .set(emails::is_primary.eq(false))
        .execute(connection)?;
    let mut primary = None;
    for (email, was_proven, was_primary) in before {
        let is_readers = email.canonical() == reader.canonical();
        let proven = *was_proven || is_readers;
        if !put_back(connection, (account, now), email, proven)? {
            if is_readers {
                return Ok(Err(Taken));
            }
            continue;
        }
        if *was_primary {
            primary = Some(email);
        }
    }
    let primary = primary.unwrap_or(reader);
    let rows = diesel::update(own().filter(emails::canonical.eq(primary.canonical().to_owned())))
        .set(emails::is_primary.eq(true))
        .execute(connection)?;
    exactly_one("restoring a primary address", rows)?;
    copy_primary(connection, account, now).map(Ok)
}

/// Whether the account has the address then.
fn put_back(
    connection: &mut AnyConnection,
    (account, now): (AccountId, Timestamp),
    email: &Email,
    proven: bool,
) -> Result<bool> {
    if lookup(connection, account, email.canonical())?.is_none() {
        let is_others = find(connection, email)?.is_some();
        let new = New {
            account,
            email,
            verified: proven,
            is_primary: false,
            now,
        };
        return Ok(!is_others && add(connection, &new)?.is_ok());
    }
    let rows = diesel::update(emails::table.find(email.canonical().to_owned()))
        .set(emails::verified.eq(proven))
        .execute(connection)?;
    exactly_one("restoring an address", rows)?;
    Ok(true)
}

/// What `accounts` has of the primary address is as it stands here.
fn copy_primary(connection: &mut AnyConnection, account: AccountId, now: Timestamp) -> Result<()> {
    let primary = list_of(connection, account)?;
    let primary = primary.into_iter().find(|email| email.is_primary);
    let verified = primary.as_ref().is_some_and(|email| email.verified);
    let (written, canonical) = primary.map(|it| (it.written, it.canonical)).unzip();
    let rows = diesel::update(accounts::table.find(account.to_string()))
        .set((
            accounts::email.eq(written),
            accounts::email_canonical.eq(canonical),
            accounts::verified.eq(verified),
            accounts::updated_at.eq(now.millis()),
        ))
        .execute(connection)?;
    exactly_one("changing an address", rows)
}
