//! Profiles: one for an account, or none.

use std::collections::HashMap;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::Value;

use crate::domain::id::AccountId;
use crate::domain::profile::{Profile, Terms};
use crate::store::engine::columns::time;
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Error, Result, exactly_one};
use crate::store::engine::schema::profiles;

#[derive(Queryable)]
struct Row {
    account_id: String,
    middle_name: Option<String>,
    gender: Option<String>,
    company: Option<String>,
    date_of_birth: Option<String>,
    address: Option<String>,
    language: Option<String>,
    parent_id: Option<i64>,
    groups: String,
    attributes: String,
    terms_version: Option<String>,
    terms_accepted_at: Option<i64>,
}

impl TryFrom<Row> for Profile {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |_| Error::Corrupt("profile");
        let address = row.address.as_deref().map(serde_json::from_str::<Value>);
        let terms = row.terms_version.zip(row.terms_accepted_at);
        Ok(Self {
            middle_name: row.middle_name,
            gender: row.gender,
            company: row.company,
            date_of_birth: row.date_of_birth,
            address: address.transpose().map_err(corrupt)?,
            language: row.language,
            parent_id: row.parent_id,
            groups: serde_json::from_str(&row.groups).map_err(corrupt)?,
            attributes: serde_json::from_str(&row.attributes).map_err(corrupt)?,
            terms: terms.map(|(version, at)| Terms {
                version,
                accepted_at: time(at),
            }),
        })
    }
}

/// Empty where the account has none.
pub fn lookup(connection: &mut AnyConnection, account: AccountId) -> Result<Profile> {
    let question = profiles::table.find(account.to_string());
    on_each!(connection, inner => question.first::<Row>(inner))
        .optional()?
        .map_or_else(|| Ok(Profile::default()), Profile::try_from)
}

/// The same for many at once, by the ids of their accounts. Who has none is not in it.
pub(in crate::store) fn each(
    connection: &mut PgConnection,
    accounts: &[String],
) -> Result<HashMap<String, Result<Profile>>> {
    let rows: Vec<Row> = profiles::table
        .filter(profiles::account_id.eq_any(accounts))
        .load(connection)?;
    let found = rows
        .into_iter()
        .map(|row| (row.account_id.clone(), Profile::try_from(row)));
    Ok(found.collect())
}

/// Puts this in the place of what was there.
///
/// # Errors
/// When the database is away or there is no such account.
pub fn set(connection: &mut AnyConnection, account: AccountId, profile: &Profile) -> Result<()> {
    diesel::delete(profiles::table.find(account.to_string())).execute(connection)?;
    let address = profile.address.as_ref().map(Value::to_string);
    let terms = profile.terms.as_ref();
    let rows = diesel::insert_into(profiles::table)
        .values((
            profiles::account_id.eq(account.to_string()),
            profiles::middle_name.eq(profile.middle_name.as_deref()),
            profiles::gender.eq(profile.gender.as_deref()),
            profiles::company.eq(profile.company.as_deref()),
            profiles::date_of_birth.eq(profile.date_of_birth.as_deref()),
            profiles::address.eq(address),
            profiles::language.eq(profile.language.as_deref()),
            profiles::parent_id.eq(profile.parent_id),
            profiles::groups.eq(serde_json::json!(profile.groups).to_string()),
            profiles::attributes.eq(serde_json::json!(profile.attributes).to_string()),
            profiles::terms_version.eq(terms.map(|terms| terms.version.as_str())),
            profiles::terms_accepted_at.eq(terms.map(|terms| terms.accepted_at.millis())),
        ))
        .execute(connection)?;
    exactly_one("setting a profile", rows)
}
