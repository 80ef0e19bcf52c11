//! The telephones of accounts.

use diesel::prelude::*;

use crate::domain::id::AccountId;
use crate::domain::profile::Phone;
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Result, exactly_one};
use crate::store::engine::schema::phones;
use crate::support::clock::Timestamp;

/// The primary one first.
///
/// # Errors
/// When the database is away.
pub fn list_of(connection: &mut AnyConnection, account: AccountId) -> Result<Vec<Phone>> {
    let rows: Vec<(String, bool, bool)> = phones::table
        .filter(phones::account_id.eq(account.to_string()))
        .order((phones::is_primary.desc(), phones::value.asc()))
        .select((phones::value, phones::verified, phones::is_primary))
        .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|(value, verified, is_primary)| Phone {
            value,
            verified,
            is_primary,
        })
        .collect())
}

/// Puts these in the place of all that the account had; the first is the primary one. None is
/// proven by being written down, and one that was proven before stays so.
///
/// # Errors
/// When the database is away.
pub fn replace(
    connection: &mut AnyConnection,
    account: AccountId,
    values: &[String],
    now: Timestamp,
) -> Result<()> {
    let before = list_of(connection, account)?;
    diesel::delete(phones::table.filter(phones::account_id.eq(account.to_string())))
        .execute(connection)?;
    for (index, value) in values.iter().enumerate() {
        let was_proven = before
            .iter()
            .any(|phone| phone.verified && &phone.value == value);
        let rows = diesel::insert_into(phones::table)
            .values((
                phones::account_id.eq(account.to_string()),
                phones::value.eq(value),
                phones::verified.eq(was_proven),
                phones::is_primary.eq(index == 0),
                phones::created_at.eq(now.millis()),
            ))
            .execute(connection)?;
        exactly_one("adding a telephone", rows)?;
    }
    Ok(())
}
