//! The telephones of accounts.

use std::collections::HashMap;

use diesel::pg::PgConnection;
use diesel::prelude::*;

use crate::domain::id::AccountId;
use crate::domain::profile::Phone;
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Result, exactly_one};
use crate::store::engine::schema::phones;
use crate::support::clock::Timestamp;

/// The primary one first.
pub fn list_of(connection: &mut AnyConnection, account: AccountId) -> Result<Vec<Phone>> {
    let question = phones::table
        .filter(phones::account_id.eq(account.to_string()))
        .order((phones::is_primary.desc(), phones::value.asc()))
        .select((phones::value, phones::verified, phones::is_primary));
    let rows: Vec<Row> = on_each!(connection, inner => question.load(inner))?;
    Ok(rows.into_iter().map(phone).collect())
}

/// The same for many at once, by the ids of their accounts. Who has none is not in it.
pub(in crate::store) fn each_of(
    connection: &mut PgConnection,
    accounts: &[String],
) -> Result<HashMap<String, Vec<Phone>>> {
    let rows: Vec<(String, Row)> = phones::table
        .filter(phones::account_id.eq_any(accounts))
        .order((phones::is_primary.desc(), phones::value.asc()))
        .select((
            phones::account_id,
            (phones::value, phones::verified, phones::is_primary),
        ))
        .load(connection)?;
    let mut each: HashMap<String, Vec<Phone>> = HashMap::new();
    for (account, row) in rows {
        each.entry(account).or_default().push(phone(row));
    }
    Ok(each)
}

type Row = (String, bool, bool);

fn phone((value, verified, is_primary): Row) -> Phone {
    Phone {
        value,
        verified,
        is_primary,
    }
}

/// Puts these in the place of all that the account had; the first is the primary one. None is
/// proven by being written down, and one that was proven before stays so.
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
