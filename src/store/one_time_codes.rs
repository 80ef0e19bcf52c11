//! One-time codes: an HMAC of each that is still good.

use diesel::prelude::*;

use crate::domain::id::AccountId;
use crate::domain::one_time_code::CodePurpose;
use crate::store::engine::columns::{time, word};
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Result, at_most_one, exactly_one};
use crate::store::engine::schema::one_time_codes;
use crate::support::clock::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCode {
    pub mac: String,
    pub account: AccountId,
    pub purpose: CodePurpose,
    /// The canonical form of the address that it is about.
    pub address: String,
    /// What its use will change.
    pub sealed: Option<Vec<u8>>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

type Row = (String, String, String, String, Option<Vec<u8>>, i64, i64);

impl TryFrom<Row> for StoredCode {
    type Error = crate::store::Error;

    fn try_from(row: Row) -> Result<Self> {
        let (mac, account, purpose, address, sealed, created, expires) = row;
        Ok(Self {
            mac,
            account: word("account id", &account)?,
            purpose: word("purpose", &purpose)?,
            address,
            sealed,
            created_at: time(created),
            expires_at: time(expires),
        })
    }
}

/// # Errors
/// When the database is away or there is no such account.
pub fn add(connection: &mut AnyConnection, new: &StoredCode) -> Result<()> {
    let rows = diesel::insert_into(one_time_codes::table)
        .values((
            one_time_codes::mac.eq(&new.mac),
            one_time_codes::account_id.eq(new.account.to_string()),
            one_time_codes::purpose.eq(new.purpose.as_str()),
            one_time_codes::address.eq(&new.address),
            one_time_codes::sealed.eq(new.sealed.as_deref()),
            one_time_codes::created_at.eq(new.created_at.millis()),
            one_time_codes::expires_at.eq(new.expires_at.millis()),
        ))
        .execute(connection)?;
    exactly_one("adding a one-time code", rows)
}

pub fn lookup(connection: &mut AnyConnection, mac: &str) -> Result<Option<StoredCode>> {
    one_time_codes::table
        .find(mac.to_owned())
        .first::<Row>(connection)
        .optional()?
        .map(StoredCode::try_from)
        .transpose()
}

/// Those of an account that are kept, oldest first.
pub fn list_of(connection: &mut AnyConnection, account: AccountId) -> Result<Vec<StoredCode>> {
    one_time_codes::table
        .filter(one_time_codes::account_id.eq(account.to_string()))
        .order((one_time_codes::created_at, one_time_codes::mac))
        .load::<Row>(connection)?
        .into_iter()
        .map(StoredCode::try_from)
        .collect()
}

/// Deletes the code: whether it was there, so whether this use is the one that counts.
pub fn consume(connection: &mut AnyConnection, mac: &str) -> Result<bool> {
    let row = one_time_codes::table.find(mac.to_owned());
    at_most_one(
        "using a one-time code",
        diesel::delete(row).execute(connection)?,
    )
}

/// Removes those of this account, purpose and address but this one. An account has one change of
/// address that waits, to whichever address: a mistyped one must not stay open.
pub fn remove_others(connection: &mut AnyConnection, newest: &StoredCode) -> Result<()> {
    let others = one_time_codes::table
        .filter(one_time_codes::account_id.eq(newest.account.to_string()))
        .filter(one_time_codes::purpose.eq(newest.purpose.as_str()))
        .filter(
            one_time_codes::address
                .eq(&newest.address)
                .or(one_time_codes::purpose.eq(CodePurpose::ChangeEmail.as_str())),
        )
        .filter(one_time_codes::mac.ne(&newest.mac));
    diesel::delete(others).execute(connection)?;
    Ok(())
}

/// Removes all but those by which an owner undoes what was done to the addresses.
pub fn remove_all_of(connection: &mut AnyConnection, account: AccountId) -> Result<()> {
    remove_but(connection, account, &[CodePurpose::KeepEmail])
}

/// Removes every one, those by which somebody undoes what was done to the addresses, too: for an
/// account that was never its holder's.
pub fn remove_each_of(connection: &mut AnyConnection, account: AccountId) -> Result<()> {
    remove_but(connection, account, &[])
}

/// Removes those that let somebody into the account: to choose a password, or to change the
/// address that such codes go to.
pub fn remove_ways_in(connection: &mut AnyConnection, account: AccountId) -> Result<()> {
    remove_but(
        connection,
        account,
        &[CodePurpose::KeepEmail, CodePurpose::VerifyEmail],
    )
}

fn remove_but(
    connection: &mut AnyConnection,
    account: AccountId,
    kept: &[CodePurpose],
) -> Result<()> {
    let kept = kept.iter().map(|purpose| purpose.as_str());
    let others = one_time_codes::table
        .filter(one_time_codes::account_id.eq(account.to_string()))
        .filter(one_time_codes::purpose.ne_all(kept.collect::<Vec<_>>()));
    diesel::delete(others).execute(connection)?;
    Ok(())
}

/// Removes those that were mailed to this address, but for those by which an owner undoes what was
/// done to the addresses.
pub fn remove_all_to(
    connection: &mut AnyConnection,
    account: AccountId,
    address: &str,
) -> Result<()> {
    let mailed = one_time_codes::table
        .filter(one_time_codes::account_id.eq(account.to_string()))
        .filter(one_time_codes::address.eq(address.to_owned()))
        .filter(one_time_codes::purpose.ne(CodePurpose::KeepEmail.as_str()));
    diesel::delete(mailed).execute(connection)?;
    Ok(())
}

/// Removes those to undo what was done to the addresses that were made with this one or after it:
/// they went to whoever did it.
pub fn remove_since(connection: &mut AnyConnection, used: &StoredCode) -> Result<()> {
    let later = one_time_codes::table
        .filter(one_time_codes::account_id.eq(used.account.to_string()))
        .filter(one_time_codes::purpose.eq(used.purpose.as_str()))
        .filter(one_time_codes::created_at.ge(used.created_at.millis()));
    diesel::delete(later).execute(connection)?;
    Ok(())
}
