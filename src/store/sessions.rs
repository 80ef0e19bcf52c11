//! Sessions: one row for each sign-in, one guarded UPDATE for each refresh. Every
//! update says which state it expects; a caller that finds none changed reads again.

use std::net::IpAddr;

use diesel::dsl::Eq;
use diesel::prelude::*;

use crate::domain::account::{Account, Epoch};
use crate::domain::id::{AccountId, SessionId};
use crate::domain::refresh_rotation::Generation;
use crate::domain::session::{Authentication, EndReason, Ending, Method, Session};
use crate::store::accounts;
use crate::store::engine::columns::{number, optional, time, word};
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Error, Result, at_most_one, exactly_one};
use crate::store::engine::schema::{accounts as account_table, sessions};
use crate::support::clock::Timestamp;

#[derive(Queryable)]
pub(in crate::store) struct Row {
    pub(in crate::store) id: String,
    account_id: String,
    organization_id: Option<String>,
    anonymous: bool,
    mode: String,
    class: String,
    amr: String,
    aal: i32,
    auth_time: i64,
    created_at: i64,
    salt: Vec<u8>,
    generation: i64,
    rotated_at: i64,
    replays: i32,
    gen_seen: bool,
    idle_expires_at: i64,
    absolute_expires_at: i64,
    account_epoch: i64,
    user_agent: Option<String>,
    address: Option<String>,
    revoked_at: Option<i64>,
    revoke_reason: Option<String>,
    recent: String,
    actor_id: Option<String>,
    actor_session: Option<String>,
}

impl TryFrom<Row> for Session {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let reason = optional("revoke reason", row.revoke_reason.as_deref())?;
        let actor = optional("actor", row.actor_id.as_deref())?;
        let by = optional("actor's session", row.actor_session.as_deref())?;
        Ok(Self {
            id: word("session id", &row.id)?,
            account: word("account id", &row.account_id)?,
            organization: optional("organization id", row.organization_id.as_deref())?,
            anonymous: row.anonymous,
            mode: row
                .mode
                .parse()
                .map_err(|_| Error::Corrupt("session mode"))?,
            class: row
                .class
                .parse()
                .map_err(|_| Error::Corrupt("session class"))?,
            authentication: Authentication {
                methods: row.amr.split_whitespace().map(Method::from).collect(),
                level: number("session aal", i64::from(row.aal))?,
                at: time(row.auth_time),
            },
            created_at: time(row.created_at),
            salt: row
                .salt
                .try_into()
                .map_err(|_| Error::Corrupt("session salt"))?,
            generation: Generation {
                number: number("session generation", row.generation)?,
                rotated_at: time(row.rotated_at),
                replays: number("session replays", i64::from(row.replays))?,
                seen: row.gen_seen,
                recent: word("session's recent generations", &row.recent)?,
            },
            idle_expires_at: time(row.idle_expires_at),
            absolute_expires_at: time(row.absolute_expires_at),
            account_epoch: Epoch(row.account_epoch),
            user_agent: row.user_agent,
            address: optional("session's address", row.address.as_deref())?,
            acted_by: actor.zip(by),
            entered_from: by.filter(|_| actor.is_none()),
            ended: row.revoked_at.map(|at| Ending {
                at: time(at),
                reason: reason.unwrap_or(EndReason::Revoked),
            }),
        })
    }
}

fn words_of(methods: &[Method]) -> String {
    let words: Vec<&str> = methods.iter().map(Method::as_str).collect();
    words.join(" ")
}

pub fn add(connection: &mut AnyConnection, session: &Session) -> Result<()> {
    let acted = session.acted_by.map(|(_, id)| id);
    let begun_by = acted.or(session.entered_from);
    let rows = diesel::insert_into(sessions::table)
        .values((
            (
                sessions::id.eq(session.id.to_string()),
                sessions::account_id.eq(session.account.to_string()),
                sessions::organization_id.eq(session.organization.map(|id| id.to_string())),
                sessions::anonymous.eq(session.anonymous),
                sessions::mode.eq(session.mode.as_str()),
                sessions::class.eq(session.class.as_str()),
                sessions::amr.eq(words_of(&session.authentication.methods)),
                sessions::aal.eq(i32::from(session.authentication.level)),
                sessions::auth_time.eq(session.authentication.at.millis()),
                sessions::created_at.eq(session.created_at.millis()),
                sessions::salt.eq(session.salt.to_vec()),
            ),
            (
                sessions::generation.eq(i64::from(session.generation.number)),
                sessions::rotated_at.eq(session.generation.rotated_at.millis()),
                sessions::replays.eq(0),
                sessions::gen_seen.eq(session.generation.seen),
                sessions::idle_expires_at.eq(session.idle_expires_at.millis()),
                sessions::absolute_expires_at.eq(session.absolute_expires_at.millis()),
                sessions::account_epoch.eq(session.account_epoch.0),
                sessions::user_agent.eq(session.user_agent.as_deref()),
                sessions::address.eq(session.address.map(|address| address.to_string())),
                sessions::recent.eq(session.generation.recent.to_string()),
                sessions::actor_id.eq(session.acted_by.map(|(actor, _)| actor.to_string())),
                sessions::actor_session.eq(begun_by.map(|id| id.to_string())),
            ),
        ))
        .execute(connection)?;
    exactly_one("adding a session", rows)
}

pub fn is_empty(connection: &mut AnyConnection) -> Result<bool> {
    let first = sessions::table
        .select(sessions::id)
        .first::<String>(connection);
    Ok(first.optional()?.is_none())
}

/// The session and its account.
pub fn lookup(connection: &mut AnyConnection, id: SessionId) -> Result<Option<(Session, Account)>> {
    sessions::table
        .inner_join(account_table::table)
        .filter(sessions::id.eq(id.to_string()))
        .select((sessions::all_columns, account_table::all_columns))
        .first::<(Row, accounts::Row)>(connection)
        .optional()?
        .map(|(session, account)| Ok((session.try_into()?, account.try_into()?)))
        .transpose()
}

/// Of one account, those that ended among them, youngest first. There may be very many.
pub fn list_of(connection: &mut AnyConnection, account: AccountId) -> Result<Vec<Session>> {
    sessions::table
        .filter(sessions::account_id.eq(account.to_string()))
        .order(sessions::created_at.desc())
        .load::<Row>(connection)?
        .into_iter()
        .map(Session::try_from)
        .collect()
}

/// Of one account, those that have not ended and whose two ends are after `now`. The index of
/// living sessions serves it.
#[diesel::dsl::auto_type]
fn living(account: String, now: i64) -> _ {
    sessions::table
        .filter(sessions::account_id.eq(account))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::idle_expires_at.gt(now))
        .filter(sessions::absolute_expires_at.gt(now))
}

/// So many of the last sessions tell from where an account signs in.
const REMEMBERED: i64 = 100;

/// From where the account began sessions of this epoch since then: the last ones.
pub fn addresses_of(
    connection: &mut AnyConnection,
    account: AccountId,
    epoch: Epoch,
    since: Timestamp,
) -> Result<Vec<IpAddr>> {
    let addresses: Vec<Option<String>> = sessions::table
        .filter(sessions::account_id.eq(account.to_string()))
        .filter(sessions::account_epoch.eq(epoch.0))
        .filter(sessions::created_at.gt(since.millis()))
        .order(sessions::created_at.desc())
        .limit(REMEMBERED)
        .select(sessions::address)
        .load(connection)?;
    let addresses = addresses.iter().flatten();
    addresses
        .map(|text| word("session's address", text))
        .collect()
}

/// By what the account was signed in, as far as its sessions are kept: whether as a guest, and
/// the user agent.
pub fn agents_of(
    connection: &mut AnyConnection,
    account: AccountId,
) -> Result<Vec<(bool, Option<String>)>> {
    Ok(sessions::table
        .filter(sessions::account_id.eq(account.to_string()))
        .select((sessions::anonymous, sessions::user_agent))
        .distinct()
        .load(connection)?)
}

/// The living sessions of one account, youngest first.
pub fn living_of(
    connection: &mut AnyConnection,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<Session>> {
    living(account.to_string(), now.millis())
        .order(sessions::created_at.desc())
        .load::<Row>(connection)?
        .into_iter()
        .map(Session::try_from)
        .collect()
}

/// Where the account has more than `most` living sessions: the one that was idle for
/// longest.
pub fn beyond(
    connection: &mut AnyConnection,
    account: AccountId,
    most: i64,
    now: Timestamp,
) -> Result<Option<SessionId>> {
    // The one at place `most`, counted from the one that was used last.
    living(account.to_string(), now.millis())
        .order((sessions::rotated_at.desc(), sessions::created_at.desc()))
        .offset(most)
        .limit(1)
        .select(sessions::id)
        .first::<String>(connection)
        .optional()?
        .map(|id| word("session id", &id))
        .transpose()
}

/// The session, where it has not ended.
#[diesel::dsl::auto_type]
pub(in crate::store) fn unended(id: SessionId) -> _ {
    let id: String = id.to_string();
    sessions::table
        .filter(sessions::id.eq(id))
        .filter(sessions::revoked_at.is_null())
}

/// The same, where it stands as it `stood` when it was judged: nobody moved it on meanwhile. A rotation
/// asks this too, by its text (`store/refresh_rotation.rs`).
#[diesel::dsl::auto_type]
pub(in crate::store) fn as_it_stood(id: SessionId, stood: Generation) -> _ {
    let number: i64 = i64::from(stood.number);
    let rotated_at: i64 = stood.rotated_at.millis();
    let unended: unended = unended(id);
    unended
        .filter(sessions::generation.eq(number))
        .filter(sessions::rotated_at.eq(rotated_at))
}

/// Writes how its holder signed in, of a session that has not ended.
pub fn authenticate(
    connection: &mut AnyConnection,
    id: SessionId,
    authentication: &Authentication,
) -> Result<bool> {
    let rows = diesel::update(unended(id))
        .set((
            sessions::amr.eq(words_of(&authentication.methods)),
            sessions::aal.eq(i32::from(authentication.level)),
            sessions::auth_time.eq(authentication.at.millis()),
        ))
        .execute(connection)?;
    at_most_one("stepping up a session", rows)
}

/// Moves the idle end of a session that has not ended.
pub fn extend(
    connection: &mut AnyConnection,
    id: SessionId,
    idle_expires_at: Timestamp,
) -> Result<bool> {
    let rows = diesel::update(unended(id))
        .set(sessions::idle_expires_at.eq(idle_expires_at.millis()))
        .execute(connection)?;
    at_most_one("extending a session", rows)
}

/// Lets nobody end the session or move it on until the transaction ends. Whether it has
/// not ended.
pub fn hold(connection: &mut AnyConnection, id: SessionId) -> Result<bool> {
    let rows = diesel::update(unended(id))
        .set(sessions::generation.eq(sessions::generation))
        .execute(connection)?;
    at_most_one("holding a session", rows)
}

/// What the row of a session says that ended.
type Ended = (
    Eq<sessions::revoked_at, i64>,
    Eq<sessions::revoke_reason, &'static str>,
);

pub(in crate::store) fn as_ended(ending: Ending) -> Ended {
    (
        sessions::revoked_at.eq(ending.at.millis()),
        sessions::revoke_reason.eq(ending.reason.as_str()),
    )
}

/// Ends a session. `revoked_at` is written once: whether this call wrote it.
pub fn end(connection: &mut AnyConnection, id: SessionId, ending: Ending) -> Result<bool> {
    let rows = diesel::update(unended(id))
        .set(as_ended(ending))
        .execute(connection)?;
    at_most_one("ending a session", rows)
}

/// Rule 8: ends a session if it still stands as it `stood` when it was judged.
/// Whether it did; if not, read again.
pub fn end_at(
    connection: &mut AnyConnection,
    id: SessionId,
    stood: Generation,
    ending: Ending,
) -> Result<bool> {
    let rows = diesel::update(as_it_stood(id, stood))
        .set(as_ended(ending))
        .execute(connection)?;
    at_most_one("ending a session", rows)
}
