//! Recovery codes: an HMAC for each that is still good.

use diesel::prelude::*;

use crate::domain::id::AccountId;
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Result, exactly_one};
use crate::store::engine::schema::recovery_codes;
use crate::support::clock::Timestamp;

/// Puts these in the place of all that the account had.
pub fn replace(
    connection: &mut AnyConnection,
    account: AccountId,
    macs: &[String],
    now: Timestamp,
) -> Result<()> {
    remove_all_of(connection, account)?;
    for mac in macs {
        let rows = diesel::insert_into(recovery_codes::table)
            .values((
                recovery_codes::account_id.eq(account.to_string()),
                recovery_codes::mac.eq(mac),
                recovery_codes::created_at.eq(now.millis()),
            ))
            .execute(connection)?;
        exactly_one("adding a recovery code", rows)?;
    }
    Ok(())
}

/// Deletes the code: whether it was there, so whether it was good.
pub fn consume(connection: &mut AnyConnection, account: AccountId, mac: &str) -> Result<bool> {
    let row = recovery_codes::table.find((account.to_string(), mac.to_owned()));
    Ok(diesel::delete(row).execute(connection)? == 1)
}

pub fn count(connection: &mut AnyConnection, account: AccountId) -> Result<i64> {
    Ok(recovery_codes::table
        .filter(recovery_codes::account_id.eq(account.to_string()))
        .count()
        .get_result(connection)?)
}

pub fn remove_all_of(connection: &mut AnyConnection, account: AccountId) -> Result<()> {
    diesel::delete(
        recovery_codes::table.filter(recovery_codes::account_id.eq(account.to_string())),
    )
    .execute(connection)?;
    Ok(())
}
