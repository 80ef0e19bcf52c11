//! The audit log: rows are added and purged by age, never changed.

use diesel::prelude::*;

use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Result, exactly_one};
use crate::store::engine::schema::audit_events;
use crate::support::clock::Timestamp;

/// # Errors
/// When the database is away.
pub fn add(
    connection: &mut AnyConnection,
    id: uuid::Uuid,
    event: &Event,
    now: Timestamp,
) -> Result<()> {
    let rows = diesel::insert_into(audit_events::table)
        .values((
            audit_events::id.eq(id.to_string()),
            audit_events::what.eq(event.what.as_str()),
            audit_events::account_id.eq(event.account.map(|id| id.to_string())),
            audit_events::session_id.eq(event.session.map(|id| id.to_string())),
            audit_events::address.eq(event.client.address.as_deref()),
            audit_events::user_agent.eq(event.client.user_agent.as_deref()),
            audit_events::at.eq(now.millis()),
        ))
        .execute(connection)?;
    exactly_one("adding an audit event", rows)
}

/// Whether it happened to anybody after `since`.
///
/// # Errors
/// When the database is away.
pub fn has_happened(connection: &mut AnyConnection, what: What, since: Timestamp) -> Result<bool> {
    let rows: i64 = audit_events::table
        .filter(audit_events::at.gt(since.millis()))
        .filter(audit_events::what.eq(what.as_str()))
        .count()
        .get_result(connection)?;
    Ok(rows > 0)
}

/// What happened to one account, oldest first.
///
/// # Errors
/// When the database is away.
pub fn list_of(connection: &mut AnyConnection, account: AccountId) -> Result<Vec<String>> {
    Ok(audit_events::table
        .filter(audit_events::account_id.eq(account.to_string()))
        .order((audit_events::at.asc(), audit_events::id.asc()))
        .select(audit_events::what)
        .load(connection)?)
}
