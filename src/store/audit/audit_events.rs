//! The audit log: rows are added and purged by age. Of what may happen without end a row
//! counts an hour; nothing else in a row ever changes.

use std::net::IpAddr;

use diesel::prelude::*;

use crate::domain::event::{Event, What};
use crate::domain::id::{AccountId, OrganizationId};
use crate::store::audit::audit_seals;
use crate::store::audit::unreadable_rows::{self, load_fit};
use crate::store::engine::advisory::{self, Turn};
use crate::store::engine::connection::{AnyConnection, compare, on_each};
use crate::store::engine::error::{Error, Result, every_one, exactly_one};
use crate::store::engine::schema::audit_events;
use crate::support::clock::Timestamp;

#[derive(Insertable)]
#[diesel(table_name = audit_events)]
struct New<'a> {
    id: String,
    what: &'static str,
    account_id: Option<String>,
    session_id: Option<String>,
    address: Option<String>,
    user_agent: Option<&'a str>,
    at: i64,
    actor_id: Option<String>,
    note: Option<&'a str>,
    organization_id: Option<String>,
    role: Option<&'a str>,
}

impl<'a> New<'a> {
    fn of(id: uuid::Uuid, event: &'a Event, now: Timestamp) -> Self {
        Self {
            id: id.to_string(),
            what: event.what.as_str(),
            account_id: event.account.map(|id| id.to_string()),
            session_id: event.session.map(|id| id.to_string()),
            address: event.client.address.map(|address| address.to_string()),
            user_agent: event.client.user_agent.as_deref(),
            at: now.millis(),
            actor_id: event.actor.map(|id| id.to_string()),
            note: event.note.as_deref(),
            organization_id: event.organization.map(|id| id.to_string()),
            role: event.role.as_deref(),
        }
    }
}

pub fn add(
    connection: &mut AnyConnection,
    id: uuid::Uuid,
    event: &Event,
    now: Timestamp,
) -> Result<()> {
    let rows = diesel::insert_into(audit_events::table)
        .values(New::of(id, event, now))
        .execute(connection)?;
    exactly_one("adding an audit event", rows)
}

/// Whether this happened to the account from this address since then.
pub fn happened_from(
    connection: &mut AnyConnection,
    (account, what): (AccountId, What),
    address: IpAddr,
    since: Timestamp,
) -> Result<bool> {
    let found: i64 = audit_events::table
        .filter(audit_events::account_id.eq(account.to_string()))
        .filter(audit_events::what.eq(what.as_str()))
        .filter(audit_events::address.eq(address.to_string()))
        .filter(audit_events::at.ge(since.millis()))
        .count()
        .get_result(connection)?;
    Ok(found > 0)
}

/// Adds the row, or counts one more in it where it is there.
pub fn count(
    connection: &mut AnyConnection,
    id: uuid::Uuid,
    event: &Event,
    now: Timestamp,
) -> Result<()> {
    let new = New::of(id, event, now);
    let rows = on_each!(connection, inner => diesel::insert_into(audit_events::table)
        .values(new)
        .on_conflict(audit_events::id)
        .do_update()
        .set((
            audit_events::times.eq(audit_events::times + 1),
            audit_events::last_at.eq(now.millis()),
        ))
        .execute(inner))?;
    exactly_one("counting an audit event", rows)
}

/// Forgets from where things happened to these accounts or were done by them, and by which
/// browsers. What an
/// operator did keeps the operator's name: it has neither address nor session.
///
/// # Errors
/// When the database is away, or one of them was not forgotten.
pub fn forget_clients(connection: &mut AnyConnection, accounts: &[AccountId]) -> Result<()> {
    let ids: Vec<String> = accounts.iter().map(AccountId::to_string).collect();
    let told = || {
        let by_client = audit_events::address
            .is_not_null()
            .or(audit_events::session_id.is_not_null());
        let says = audit_events::address
            .is_not_null()
            .or(audit_events::user_agent.is_not_null());
        audit_events::table
            .filter(
                audit_events::account_id
                    .eq_any(ids.clone())
                    .or(audit_events::actor_id.eq_any(ids.clone())),
            )
            .filter(by_client)
            .filter(says)
    };
    let none: Option<String> = None;
    let forgotten = diesel::update(told())
        .set((
            audit_events::address.eq(&none),
            audit_events::user_agent.eq(&none),
        ))
        .execute(connection)?;
    let left: i64 = told().count().get_result(connection)?;
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    every_one(
        "forgetting clients",
        forgotten,
        forgotten.saturating_add(left),
    )?;
    audit_seals::forget_salts(connection, &ids)
}

/// From here to the end of the transaction nobody else asks whether an alarm was raised: of two
/// that raise it one is first.
pub fn hold_alarms(connection: &mut AnyConnection) -> Result<()> {
    advisory::hold(connection, Turn::Alarms)
}

/// Whether it happened to anybody after `since`.
pub fn has_happened(connection: &mut AnyConnection, what: What, since: Timestamp) -> Result<bool> {
    let rows: i64 = audit_events::table
        .filter(audit_events::at.gt(since.millis()))
        .filter(audit_events::what.eq(what.as_str()))
        .count()
        .get_result(connection)?;
    Ok(rows > 0)
}

/// What happened to one account, oldest first.
pub fn list_of(connection: &mut AnyConnection, account: AccountId) -> Result<Vec<String>> {
    Ok(audit_events::table
        .filter(audit_events::account_id.eq(account.to_string()))
        .order((audit_events::at.asc(), audit_events::id.asc()))
        .select(audit_events::what)
        .load(connection)?)
}

/// One line of the audit log.
#[derive(Clone, Debug, Queryable)]
pub struct AuditEntry {
    pub id: String,
    pub at: i64,
    pub what: String,
    pub account: Option<String>,
    pub session: Option<String>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub actor: Option<String>,
    pub note: Option<String>,
    pub organization: Option<String>,
    pub role: Option<String>,
    /// How often it happened within an hour of `at`, and the last time, where that is counted.
    pub times: i64,
    pub last_at: Option<i64>,
}

/// The columns of an [`AuditEntry`], in its order.
const COLUMNS: Columns = (
    audit_events::id,
    audit_events::at,
    audit_events::what,
    audit_events::account_id,
    audit_events::session_id,
    audit_events::address,
    audit_events::user_agent,
    audit_events::actor_id,
    audit_events::note,
    audit_events::organization_id,
    audit_events::role,
    audit_events::times,
    audit_events::last_at,
);
type Columns = (
    audit_events::id,
    audit_events::at,
    audit_events::what,
    audit_events::account_id,
    audit_events::session_id,
    audit_events::address,
    audit_events::user_agent,
    audit_events::actor_id,
    audit_events::note,
    audit_events::organization_id,
    audit_events::role,
    audit_events::times,
    audit_events::last_at,
);

/// What to look for; all of it must fit.
#[derive(Clone, Debug)]
pub struct Filter {
    pub account: Option<AccountId>,
    pub what: Option<What>,
    pub organization: Option<OrganizationId>,
    pub since: Option<Timestamp>,
    /// Those before this one.
    pub before: Option<(Timestamp, String)>,
    pub limit: i64,
}

/// The last events that fit, youngest first.
pub fn list(connection: &mut AnyConnection, filter: &Filter) -> Result<Vec<AuditEntry>> {
    let account = filter.account.map(|id| id.to_string());
    let since = filter.since.map_or(i64::MIN, Timestamp::millis);
    let before = filter.before.clone().map(|(at, id)| (at.millis(), id));
    let (at, id) = before.unwrap_or((i64::MAX, String::new()));
    // Each filter is there or not, so that no plan has to be good for all of them.
    macro_rules! ask {
        ($($filter:expr),*) => {
            load_fit!(connection, unreadable_rows::EVENT, audit_events::table
                .filter(audit_events::at.ge(since))
                .filter(compare!("(audit_events.at, audit_events.id) < ", at, id))
                $(.filter($filter))*
                .order((audit_events::at.desc(), audit_events::id.desc()))
                .limit(filter.limit)
                .select(COLUMNS))
        };
    }
    let of = |account| audit_events::account_id.eq(account);
    let is = |what: What| audit_events::what.eq(what.as_str());
    let within = |id: OrganizationId| audit_events::organization_id.eq(id.to_string());
    Ok(match (account, filter.what, filter.organization) {
        (None, None, None) => ask!(),
        (Some(account), None, None) => ask!(of(account)),
        (None, Some(what), None) => ask!(is(what)),
        (Some(account), Some(what), None) => ask!(of(account), is(what)),
        (None, None, Some(id)) => ask!(within(id)),
        (Some(account), None, Some(id)) => ask!(within(id), of(account)),
        (None, Some(what), Some(id)) => ask!(within(id), is(what)),
        (Some(account), Some(what), Some(id)) => ask!(within(id), of(account), is(what)),
    })
}

/// When it happened.
pub fn instant_of(connection: &mut AnyConnection, id: &str) -> Result<Option<Timestamp>> {
    let question = audit_events::table
        .filter(audit_events::id.eq(id))
        .select(audit_events::at);
    let found: Vec<i64> = load_fit!(connection, unreadable_rows::EVENT, question);
    Ok(found.first().copied().map(Timestamp::from_millis))
}

/// The next ones in the order of time, after this one of that instant, which can be read.
///
/// # Errors
/// When the database is away, or no walk would come to an end.
pub fn after(
    connection: &mut AnyConnection,
    (at, id): (i64, &str),
    limit: i64,
) -> Result<Vec<AuditEntry>> {
    let question = audit_events::table
        .filter(compare!("(audit_events.at, audit_events.id) > ", at, id))
        .order((audit_events::at.asc(), audit_events::id.asc()))
        .limit(limit)
        .select(COLUMNS);
    let page: Vec<AuditEntry> = load_fit!(connection, unreadable_rows::EVENT, question);
    // Whoever walks on from the last one would go round in a circle.
    if page
        .last()
        .is_some_and(|last| (last.at, &*last.id) == (at, id) || last.at < at)
    {
        return Err(Error::Corrupt("order of the audit log"));
    }
    Ok(page)
}

/// Those of these ids that there are, in no order.
pub fn of_ids(connection: &mut AnyConnection, ids: &[String]) -> Result<Vec<AuditEntry>> {
    let question = audit_events::table
        .filter(audit_events::id.eq_any(ids))
        .select(COLUMNS);
    Ok(load_fit!(connection, unreadable_rows::EVENT, question))
}

/// The same, and none of them changes until the transaction ends.
pub fn hold(connection: &mut AnyConnection, ids: &[String]) -> Result<Vec<AuditEntry>> {
    let question = audit_events::table
        .filter(audit_events::id.eq_any(ids))
        .select(COLUMNS);
    Ok(match connection {
        // Its transaction writes alone.
        AnyConnection::Sqlite(sqlite) => {
            let fit = question.filter(unreadable_rows::can_be_read(unreadable_rows::EVENT));
            fit.load(sqlite)?
        }
        AnyConnection::Postgres(postgres) => question.for_share().load(postgres)?,
    })
}

/// Whether there is one from before.
pub fn any_before(connection: &mut AnyConnection, before: Timestamp) -> Result<bool> {
    let first: Option<i64> = audit_events::table
        .order(audit_events::at.asc())
        .select(audit_events::at)
        .first(connection)
        .optional()?;
    Ok(first.is_some_and(|at| at < before.millis()))
}
