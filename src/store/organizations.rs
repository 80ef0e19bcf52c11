//! Organizations.

use diesel::prelude::*;

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::{Name, Organization};
use crate::domain::search_words::SearchWords;
use crate::store::engine::columns::{time, word};
use crate::store::engine::conflict::{Taken, unless_taken};
use crate::store::engine::connection::{AnyConnection, compare};
use crate::store::engine::error::{Result, at_most_one, exactly_one};
use crate::store::engine::schema::organizations;
use crate::store::engine::search_by_parts::{self, Called, Page};
use crate::support::clock::Timestamp;

pub(in crate::store) type Row = (String, String, i64, i64, Option<i64>);

pub(in crate::store) const COLUMNS: (
    organizations::id,
    organizations::name,
    organizations::created_at,
    organizations::updated_at,
    organizations::factor_from,
) = (
    organizations::id,
    organizations::name,
    organizations::created_at,
    organizations::updated_at,
    organizations::factor_from,
);

pub(in crate::store) fn stored((id, name, created, updated, factor): Row) -> Result<Organization> {
    Ok(Organization {
        id: word("organization id", &id)?,
        name,
        created_at: time(created),
        updated_at: time(updated),
        factor_from: factor.map(time),
    })
}

/// # Errors
/// When the database is away. [`Taken`]: another one has the name.
pub fn add(
    connection: &mut AnyConnection,
    id: OrganizationId,
    name: &Name,
    (by, now): (AccountId, Timestamp),
) -> Result<Result<(), Taken>> {
    unless_taken(connection, |connection| {
        diesel::insert_into(organizations::table)
            .values((
                organizations::id.eq(id.to_string()),
                organizations::name.eq(name.written()),
                organizations::name_canonical.eq(name.canonical()),
                organizations::created_at.eq(now.millis()),
                organizations::updated_at.eq(now.millis()),
                organizations::created_by.eq(by.to_string()),
            ))
            .execute(connection)
    })
}

pub fn lookup(connection: &mut AnyConnection, id: OrganizationId) -> Result<Option<Organization>> {
    let row: Option<Row> = organizations::table
        .find(id.to_string())
        .select(COLUMNS)
        .first(connection)
        .optional()?;
    row.map(stored).transpose()
}

/// Those in whose name each of the words stands, oldest first, from the one after `after` on, at
/// most `limit`.
pub fn search(
    connection: &mut AnyConnection,
    words: &SearchWords,
    after: Option<(Timestamp, OrganizationId)>,
    limit: i64,
) -> Result<Vec<Organization>> {
    let page = Page {
        after: after.map(|(at, id)| (at, id.to_string())),
        limit,
    };
    if !words.is_empty() {
        let called = (Called::Organization, words);
        return search_by_parts::search(connection, called, &page, |connection, ids| {
            let found = organizations::table.filter(organizations::id.eq_any(ids));
            let rows: Vec<Row> = found.select(COLUMNS).load(connection)?;
            rows.into_iter()
                .map(|row| Ok((row.0.clone(), stored(row)?)))
                .collect()
        });
    }
    let (at, id) = page.start();
    let rows: Vec<Row> = organizations::table
        .filter(compare!(
            "(organizations.created_at, organizations.id) > ",
            at,
            id
        ))
        .order((organizations::created_at.asc(), organizations::id.asc()))
        .limit(limit)
        .select(COLUMNS)
        .load(connection)?;
    rows.into_iter().map(stored).collect()
}

/// Which organization has the name.
pub fn find(connection: &mut AnyConnection, name: &Name) -> Result<Option<OrganizationId>> {
    let id: Option<String> = organizations::table
        .filter(organizations::name_canonical.eq(name.canonical()))
        .select(organizations::id)
        .first(connection)
        .optional()?;
    id.map(|id| word("organization id", &id)).transpose()
}

/// # Errors
/// When the database is away or there is no such organization. [`Taken`]: another one has the
/// name.
pub fn rename(
    connection: &mut AnyConnection,
    id: OrganizationId,
    name: &Name,
    now: Timestamp,
) -> Result<Result<(), Taken>> {
    unless_taken(connection, |connection| {
        diesel::update(organizations::table.find(id.to_string()))
            .set((
                organizations::name.eq(name.written()),
                organizations::name_canonical.eq(name.canonical()),
                organizations::updated_at.eq(now.millis()),
            ))
            .execute(connection)
    })
}

/// Asks for a second factor of its members from then on, or of nobody.
///
/// # Errors
/// When the database is away or there is no such organization.
pub fn demand_factor(
    connection: &mut AnyConnection,
    id: OrganizationId,
    from: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let rows = diesel::update(organizations::table.find(id.to_string()))
        .set((
            organizations::factor_from.eq(from.map(Timestamp::millis)),
            organizations::updated_at.eq(now.millis()),
        ))
        .execute(connection)?;
    exactly_one("demanding a second factor", rows)
}

/// Lets nobody else change the organization, its members or its roles until the transaction
/// ends. Whoever holds accounts too holds them before. Whether the organization is there.
pub fn hold(connection: &mut AnyConnection, id: OrganizationId) -> Result<bool> {
    let rows = diesel::update(organizations::table.find(id.to_string()))
        .set(organizations::created_at.eq(organizations::created_at))
        .execute(connection)?;
    at_most_one("holding an organization", rows)
}

/// Its memberships go with it.
///
/// # Errors
/// When the database is away or there is no such organization.
pub fn remove(connection: &mut AnyConnection, id: OrganizationId) -> Result<()> {
    let rows = diesel::delete(organizations::table.find(id.to_string())).execute(connection)?;
    exactly_one("deleting an organization", rows)
}
