//! Password records: one for an account, or none.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::error::{Result, exactly_one};
use super::schema::credentials;
use crate::domain::id::AccountId;
use crate::support::clock::Timestamp;

/// # Errors
/// When the database is away.
pub fn lookup(connection: &mut AnyConnection, account: AccountId) -> Result<Option<String>> {
    Ok(credentials::table
        .find(account.to_string())
        .select(credentials::record)
        .first(connection)
        .optional()?)
}

/// Sets the password record, the first one or another.
///
/// # Errors
/// When the database is away or there is no such account.
pub fn set(
    connection: &mut AnyConnection,
    account: AccountId,
    record: &str,
    now: Timestamp,
) -> Result<()> {
    let rows = diesel::update(credentials::table.find(account.to_string()))
        .set((
            credentials::record.eq(record),
            credentials::updated_at.eq(now.millis()),
        ))
        .execute(connection)?;
    if rows == 1 {
        return Ok(());
    }
    let rows = diesel::insert_into(credentials::table)
        .values((
            credentials::account_id.eq(account.to_string()),
            credentials::record.eq(record),
            credentials::created_at.eq(now.millis()),
            credentials::updated_at.eq(now.millis()),
        ))
        .execute(connection)?;
    exactly_one("setting a password record", rows)
}

/// Replaces a record by a stronger one of the same password, unless it was changed
/// meanwhile (compare-and-set, P8). Whether it did.
///
/// # Errors
/// When the database is away.
pub fn upgrade(
    connection: &mut AnyConnection,
    account: AccountId,
    old: &str,
    new: &str,
    now: Timestamp,
) -> Result<bool> {
    let rows = diesel::update(
        credentials::table
            .find(account.to_string())
            .filter(credentials::record.eq(old)),
    )
    .set((
        credentials::record.eq(new),
        credentials::updated_at.eq(now.millis()),
    ))
    .execute(connection)?;
    Ok(rows == 1)
}

/// Holds the record still until the transaction ends, if it is this one. Whether it is.
///
/// # Errors
/// When the database is away.
pub fn hold(connection: &mut AnyConnection, account: AccountId, record: &str) -> Result<bool> {
    // An UPDATE, which waits for whoever is writing the row and then looks again.
    let rows = diesel::update(
        credentials::table
            .find(account.to_string())
            .filter(credentials::record.eq(record)),
    )
    .set(credentials::record.eq(record))
    .execute(connection)?;
    Ok(rows == 1)
}
