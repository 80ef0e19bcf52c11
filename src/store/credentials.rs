//! Password records: one for an account, or none.

use diesel::prelude::*;

use crate::domain::id::AccountId;
use crate::domain::password::PasswordRecord;
use crate::store::engine::columns::time;
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Result, exactly_one};
use crate::store::engine::schema::credentials;
use crate::support::clock::Timestamp;

pub fn lookup(
    connection: &mut AnyConnection,
    account: AccountId,
) -> Result<Option<PasswordRecord>> {
    let record = credentials::table
        .find(account.to_string())
        .select(credentials::record)
        .first::<String>(connection)
        .optional()?;
    Ok(record.map(PasswordRecord::from))
}

/// When the account's password was set, the first time and the last.
pub fn times_of(
    connection: &mut AnyConnection,
    account: AccountId,
) -> Result<Option<(Timestamp, Timestamp)>> {
    let times: Option<(i64, i64)> = credentials::table
        .find(account.to_string())
        .select((credentials::created_at, credentials::updated_at))
        .first(connection)
        .optional()?;
    Ok(times.map(|(created, updated)| (time(created), time(updated))))
}

/// Sets the password record, the first one or another.
///
/// # Errors
/// When the database is away or there is no such account.
pub fn set(
    connection: &mut AnyConnection,
    account: AccountId,
    record: &PasswordRecord,
    now: Timestamp,
) -> Result<()> {
    let rows = diesel::update(credentials::table.find(account.to_string()))
        .set((
            credentials::record.eq(record.expose()),
            credentials::updated_at.eq(now.millis()),
        ))
        .execute(connection)?;
    if rows == 1 {
        return Ok(());
    }
    let rows = diesel::insert_into(credentials::table)
        .values((
            credentials::account_id.eq(account.to_string()),
            credentials::record.eq(record.expose()),
            credentials::created_at.eq(now.millis()),
            credentials::updated_at.eq(now.millis()),
        ))
        .execute(connection)?;
    exactly_one("setting a password record", rows)
}

pub fn remove(connection: &mut AnyConnection, account: AccountId) -> Result<()> {
    diesel::delete(credentials::table.find(account.to_string())).execute(connection)?;
    Ok(())
}

/// Whether the account's record still is this one. If so, it stays so until the
/// transaction has ended: on PostgreSQL whoever changes it waits.
pub fn hold(
    connection: &mut AnyConnection,
    account: AccountId,
    record: &PasswordRecord,
) -> Result<bool> {
    let same = credentials::table
        .find(account.to_string())
        .filter(credentials::record.eq(record.expose()));
    let rows = diesel::update(same)
        .set(credentials::record.eq(record.expose()))
        .execute(connection)?;
    Ok(rows == 1)
}

/// Replaces a record by a stronger one of the same password, unless it was changed
/// meanwhile (compare-and-set, P8). Whether it did.
pub fn upgrade(
    connection: &mut AnyConnection,
    account: AccountId,
    old: &PasswordRecord,
    new: &PasswordRecord,
) -> Result<bool> {
    let rows = diesel::update(
        credentials::table
            .find(account.to_string())
            .filter(credentials::record.eq(old.expose())),
    )
    .set(credentials::record.eq(new.expose()))
    .execute(connection)?;
    Ok(rows == 1)
}
