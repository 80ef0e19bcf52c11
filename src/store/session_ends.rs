//! Ending many sessions by one statement, those that went idle too: were only the clock
//! ahead, they would live again when it is right.

use diesel::prelude::*;

use crate::domain::id::{AccountId, OrganizationId, SessionId};
use crate::domain::session::{EndReason, Ending, Session};
use crate::store::engine::columns::{time, word};
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Result, every_one};
use crate::store::engine::schema::sessions;
use crate::store::sessions::as_ended;
use crate::support::clock::Timestamp;

/// So many ids to a statement: SQLite binds no more than 32,766 values.
const PART: usize = 1000;

/// Ends every session of the account but `keep`. Gives those that it ended, with their idle
/// ends. Nobody may begin one meanwhile: the account is held.
///
/// # Errors
/// When the database is away, or one of them did not end.
pub fn end_others(
    connection: &mut AnyConnection,
    account: AccountId,
    keep: SessionId,
    ending: Ending,
) -> Result<Vec<(SessionId, Timestamp)>> {
    let others = || {
        sessions::table
            .filter(sessions::account_id.eq(account.to_string()))
            .filter(sessions::id.ne(keep.to_string()))
            .filter(sessions::revoked_at.is_null())
    };
    let update = diesel::update(others())
        .set(as_ended(ending))
        .returning((sessions::id, sessions::idle_expires_at));
    let ended: Vec<(String, i64)> = on_each!(connection, inner => update.get_results(inner))?;
    // How many there are to end nobody knows before: others may end some of them meanwhile.
    let left: i64 = others().count().get_result(connection)?;
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    every_one(
        "ending sessions",
        ended.len(),
        ended.len().saturating_add(left),
    )?;
    ended
        .iter()
        .map(|(id, idle)| Ok((word("session id", id)?, time(*idle))))
        .collect()
}

/// Ends every session in the organization, of this account or of everybody. Gives those that it
/// ended, with their idle ends.
///
/// # Errors
/// When the database is away, or one of them did not end.
pub fn end_in(
    connection: &mut AnyConnection,
    (organization, account): (OrganizationId, Option<AccountId>),
    ending: Ending,
) -> Result<Vec<(SessionId, Timestamp)>> {
    let living = || {
        sessions::table
            .filter(sessions::organization_id.eq(organization.to_string()))
            .filter(sessions::revoked_at.is_null())
    };
    let set = as_ended(ending);
    let returned = (sessions::id, sessions::idle_expires_at);
    let (ended, left): (Vec<(String, i64)>, i64) = if let Some(account) = account {
        let theirs = || living().filter(sessions::account_id.eq(account.to_string()));
        let update = diesel::update(theirs()).set(set).returning(returned);
        let ended = on_each!(connection, inner => update.get_results(inner))?;
        (ended, theirs().count().get_result(connection)?)
    } else {
        let update = diesel::update(living()).set(set).returning(returned);
        let ended = on_each!(connection, inner => update.get_results(inner))?;
        (ended, living().count().get_result(connection)?)
    };
    every_one(
        "ending sessions of an organization",
        ended.len(),
        ended.len() + usize::try_from(left).unwrap_or(usize::MAX / 2),
    )?;
    ended
        .iter()
        .map(|(id, idle)| Ok((word("session id", id)?, time(*idle))))
        .collect()
}

/// Ends every session of the account. How many it ended. Goes with an advance of the
/// account's epoch: ended rows make a concurrent refresh lose its compare-and-set, the new epoch
/// invalidates a concurrent login.
pub fn end_all_of(
    connection: &mut AnyConnection,
    account: AccountId,
    ending: Ending,
) -> Result<usize> {
    Ok(diesel::update(
        sessions::table
            .filter(sessions::account_id.eq(account.to_string()))
            .filter(sessions::revoked_at.is_null()),
    )
    .set(as_ended(ending))
    .execute(connection)?)
}

/// The same for every account.
pub fn end_every(connection: &mut AnyConnection, ending: Ending) -> Result<usize> {
    Ok(
        diesel::update(sessions::table.filter(sessions::revoked_at.is_null()))
            .set(as_ended(ending))
            .execute(connection)?,
    )
}

/// Ends the sessions in which this account acts for others. Gives those that it ended.
pub fn end_acted_by(
    connection: &mut AnyConnection,
    actor: AccountId,
    now: Timestamp,
) -> Result<Vec<SessionId>> {
    let update = diesel::update(
        sessions::table
            .filter(sessions::actor_id.eq(actor.to_string()))
            .filter(sessions::revoked_at.is_null()),
    )
    .set(as_ended(Ending {
        at: now,
        reason: EndReason::Revoked,
    }))
    .returning(sessions::id);
    let ended: Vec<String> = on_each!(connection, inner => update.get_results(inner))?;
    ended.iter().map(|id| word("session id", id)).collect()
}

/// The same for those that were begun by one of these sessions.
pub fn end_acted_within(
    connection: &mut AnyConnection,
    by: &[SessionId],
    now: Timestamp,
) -> Result<Vec<SessionId>> {
    let mut all = Vec::new();
    for part in by.chunks(PART) {
        let part: Vec<String> = part.iter().map(SessionId::to_string).collect();
        let update = diesel::update(
            sessions::table
                .filter(sessions::actor_session.eq_any(part))
                .filter(sessions::actor_id.is_not_null())
                .filter(sessions::revoked_at.is_null()),
        )
        .set(as_ended(Ending {
            at: now,
            reason: EndReason::Revoked,
        }))
        .returning(sessions::id);
        let ended: Vec<String> = on_each!(connection, inner => update.get_results(inner))?;
        for id in &ended {
            all.push(word("session id", id)?);
        }
    }
    Ok(all)
}

/// Ends the sessions that were entered from this one, or from the one that it was entered from,
/// since it began, but not `keep`. Gives those that it ended.
pub fn end_entered_from(
    connection: &mut AnyConnection,
    (session, keep): (&Session, Option<SessionId>),
    ending: Ending,
) -> Result<Vec<SessionId>> {
    let update = diesel::update(
        sessions::table
            .filter(sessions::actor_session.eq(session.signed_in().to_string()))
            .filter(sessions::actor_id.is_null())
            .filter(sessions::created_at.ge(session.created_at.millis()))
            .filter(sessions::id.ne(keep.map(|id| id.to_string()).unwrap_or_default()))
            .filter(sessions::revoked_at.is_null()),
    )
    .set(as_ended(ending))
    .returning(sessions::id);
    let ended: Vec<String> = on_each!(connection, inner => update.get_results(inner))?;
    ended.iter().map(|id| word("session id", id)).collect()
}
