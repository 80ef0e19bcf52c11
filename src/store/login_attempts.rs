//! Who tried to sign in, and what came of it (row Y-17). What was typed is not kept:
//! people type passwords into the wrong field.

use diesel::prelude::*;

use crate::domain::attempt_outcome::AttemptOutcome;
use crate::domain::id::AccountId;
use crate::domain::session::Client;
use crate::store::engine::columns::time;
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Result, exactly_one};
use crate::store::engine::schema::login_attempts;
use crate::support::clock::Timestamp;

pub struct Attempt {
    pub id: uuid::Uuid,
    /// `None` where no account has that identifier.
    pub account: Option<AccountId>,
    pub outcome: AttemptOutcome,
    pub dialect: &'static str,
    pub client: Client,
    pub at: Timestamp,
}

pub fn add(connection: &mut AnyConnection, attempt: &Attempt) -> Result<()> {
    let rows = diesel::insert_into(login_attempts::table)
        .values((
            login_attempts::id.eq(attempt.id.to_string()),
            login_attempts::account_id.eq(attempt.account.map(|id| id.to_string())),
            login_attempts::succeeded.eq(attempt.outcome == AttemptOutcome::Ok),
            login_attempts::outcome.eq(attempt.outcome.as_str()),
            login_attempts::dialect.eq(attempt.dialect),
            login_attempts::address.eq(attempt.client.address.map(|address| address.to_string())),
            login_attempts::user_agent.eq(attempt.client.user_agent.as_deref()),
            login_attempts::at.eq(attempt.at.millis()),
        ))
        .execute(connection)?;
    exactly_one("adding a login attempt", rows)
}

/// How many failed after `since`, of all accounts and of names that nobody has.
pub fn count_failed(connection: &mut AnyConnection, since: Timestamp) -> Result<i64> {
    Ok(login_attempts::table
        .filter(login_attempts::at.gt(since.millis()))
        .filter(login_attempts::succeeded.eq(false))
        .count()
        .get_result(connection)?)
}

/// One try, and what came of it in one word.
pub struct Tried {
    pub at: Timestamp,
    pub succeeded: bool,
    pub outcome: String,
}

/// Of one account, youngest first.
pub fn list_of(
    connection: &mut AnyConnection,
    account: AccountId,
    limit: i64,
) -> Result<Vec<Tried>> {
    let rows: Vec<(i64, bool, String)> = login_attempts::table
        .filter(login_attempts::account_id.eq(account.to_string()))
        .order((login_attempts::at.desc(), login_attempts::id.desc()))
        .limit(limit)
        .select((
            login_attempts::at,
            login_attempts::succeeded,
            login_attempts::outcome,
        ))
        .load(connection)?;
    let tried = rows.into_iter().map(|(at, succeeded, outcome)| Tried {
        at: time(at),
        succeeded,
        outcome,
    });
    Ok(tried.collect())
}

/// What is kept of one attempt.
#[derive(Clone, Debug, Queryable)]
pub struct PastAttempt {
    pub at: i64,
    pub outcome: String,
    pub dialect: String,
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

/// The last ones of one account, youngest first, at most `limit`. There may be very many.
pub fn recent_of(
    connection: &mut AnyConnection,
    account: AccountId,
    limit: i64,
) -> Result<Vec<PastAttempt>> {
    Ok(login_attempts::table
        .filter(login_attempts::account_id.eq(account.to_string()))
        .order((login_attempts::at.desc(), login_attempts::id.desc()))
        .limit(limit)
        .select((
            login_attempts::at,
            login_attempts::outcome,
            login_attempts::dialect,
            login_attempts::address,
            login_attempts::user_agent,
        ))
        .load(connection)?)
}
