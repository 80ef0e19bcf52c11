//! API keys. A row is a key that was not revoked; it may be over.

use diesel::prelude::*;

use crate::domain::id::{AccountId, ApiKeyId, OrganizationId};
use crate::domain::rights::api_key::ApiKey;
use crate::store::engine::columns::{optional, time, word};
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Error, Result, at_most_one, exactly_one};
use crate::store::engine::schema::api_keys;
use crate::support::clock::Timestamp;

#[derive(Queryable)]
struct Row {
    id: String,
    _hash: String,
    account_id: String,
    organization_id: Option<String>,
    name: String,
    name_canonical: String,
    hint: String,
    permissions: String,
    created_at: i64,
    created_by: Option<String>,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl TryFrom<Row> for ApiKey {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let scope = row.permissions.split(' ').filter(|word| !word.is_empty());
        Ok(Self {
            id: word("API key id", &row.id)?,
            account: word("account id", &row.account_id)?,
            organization: optional("organization id", row.organization_id.as_deref())?,
            scope: scope.map(str::to_owned).collect(),
            name: row.name,
            canonical: row.name_canonical,
            hint: row.hint,
            created_at: time(row.created_at),
            created_by: optional("account id", row.created_by.as_deref())?,
            expires_at: row.expires_at.map(time),
            last_used_at: row.last_used_at.map(time),
        })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<ApiKey>> {
    rows.into_iter().map(ApiKey::try_from).collect()
}

pub fn add(connection: &mut AnyConnection, key: &ApiKey, hash: &str) -> Result<()> {
    let words: Vec<&str> = key.scope.iter().map(String::as_str).collect();
    let rows = diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(key.id.to_string()),
            api_keys::hash.eq(hash),
            api_keys::account_id.eq(key.account.to_string()),
            api_keys::organization_id.eq(key.organization.map(|id| id.to_string())),
            api_keys::name.eq(&key.name),
            api_keys::name_canonical.eq(&key.canonical),
            api_keys::hint.eq(&key.hint),
            api_keys::permissions.eq(words.join(" ")),
            api_keys::created_at.eq(key.created_at.millis()),
            api_keys::created_by.eq(key.created_by.map(|id| id.to_string())),
            api_keys::expires_at.eq(key.expires_at.map(Timestamp::millis)),
        ))
        .execute(connection)?;
    exactly_one("adding an API key", rows)
}

pub fn by_hash(connection: &mut AnyConnection, hash: &str) -> Result<Option<ApiKey>> {
    let question = api_keys::table.filter(api_keys::hash.eq(hash));
    on_each!(connection, inner => question.first::<Row>(inner))
        .optional()?
        .map(ApiKey::try_from)
        .transpose()
}

pub fn lookup(connection: &mut AnyConnection, id: ApiKeyId) -> Result<Option<ApiKey>> {
    let row = api_keys::table
        .find(id.to_string())
        .first::<Row>(connection)
        .optional()?;
    row.map(ApiKey::try_from).transpose()
}

/// Lets nobody else revoke the key until the transaction ends. Whether it is there.
pub fn hold(connection: &mut AnyConnection, id: ApiKeyId) -> Result<bool> {
    let rows = diesel::update(api_keys::table.find(id.to_string()))
        .set(api_keys::hint.eq(api_keys::hint))
        .execute(connection)?;
    at_most_one("holding an API key", rows)
}

/// Oldest first.
pub fn list_of(connection: &mut AnyConnection, account: AccountId) -> Result<Vec<ApiKey>> {
    let rows = api_keys::table
        .filter(api_keys::account_id.eq(account.to_string()))
        .order(api_keys::id.asc())
        .load(connection)?;
    all(rows)
}

/// Those that are good in this organization alone, oldest first, at most `limit` after this one.
pub fn page_in(
    connection: &mut AnyConnection,
    id: OrganizationId,
    after: Option<ApiKeyId>,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let rows = api_keys::table
        .filter(api_keys::organization_id.eq(id.to_string()))
        .filter(api_keys::id.gt(after))
        .order(api_keys::id.asc())
        .limit(limit)
        .load(connection)?;
    all(rows)
}

/// Everybody's, oldest first, at most `limit` after this one.
pub fn page(
    connection: &mut AnyConnection,
    account: Option<AccountId>,
    after: Option<ApiKeyId>,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let mut question = api_keys::table.into_boxed();
    if let Some(account) = account {
        question = question.filter(api_keys::account_id.eq(account.to_string()));
    }
    if let Some(after) = after {
        question = question.filter(api_keys::id.gt(after.to_string()));
    }
    let rows = question
        .order(api_keys::id.asc())
        .limit(limit)
        .load(connection)?;
    all(rows)
}

/// # Errors
/// When the database is away or there is no such key.
pub fn remove(connection: &mut AnyConnection, id: ApiKeyId) -> Result<()> {
    let rows = diesel::delete(api_keys::table.find(id.to_string())).execute(connection)?;
    exactly_one("revoking an API key", rows)
}

/// Whose keys, and where.
#[derive(Clone, Copy)]
pub enum Whose {
    /// Everything of the account.
    Account(AccountId),
    /// What is good in the organization alone, of this account or of everybody.
    In(OrganizationId, Option<AccountId>),
}

/// Revokes them. Which there were, oldest first.
pub fn remove_all(connection: &mut AnyConnection, whose: Whose) -> Result<Vec<ApiKey>> {
    let (account, organization) = match whose {
        Whose::Account(account) => (Some(account), None),
        Whose::In(organization, account) => (account, Some(organization)),
    };
    // One statement: the purge may remove one of them at the same time.
    let rows: Vec<Row> = on_each!(connection, inner => {
        let mut theirs = diesel::delete(api_keys::table).into_boxed();
        if let Some(account) = account {
            theirs = theirs.filter(api_keys::account_id.eq(account.to_string()));
        }
        if let Some(organization) = organization {
            theirs = theirs.filter(api_keys::organization_id.eq(organization.to_string()));
        }
        theirs.returning(api_keys::all_columns).get_results(inner)
    })?;
    let mut gone = all(rows)?;
    gone.sort_unstable_by_key(|key| key.id);
    Ok(gone)
}

/// Notes that the key was used. Nothing where it was revoked, or used later.
pub fn used(connection: &mut AnyConnection, id: ApiKeyId, at: Timestamp) -> Result<bool> {
    let earlier = api_keys::table
        .filter(api_keys::id.eq(id.to_string()))
        .filter(
            api_keys::last_used_at
                .is_null()
                .or(api_keys::last_used_at.lt(at.millis())),
        );
    let rows = diesel::update(earlier)
        .set(api_keys::last_used_at.eq(at.millis()))
        .execute(connection)?;
    at_most_one("noting the use of an API key", rows)
}
