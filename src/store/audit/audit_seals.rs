//! The chain of the audit log: a seal for each event, in an order of its own, and one row that
//! says where the chain begins and ends. What the digests cover is an act's concern.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::domain::event::What;
use crate::store::audit::unreadable_rows::{self, load_fit};
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Result, at_most_one, every_one, exactly_one};
use crate::store::engine::schema::{accounts, audit_chain, audit_events, audit_seals};

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_seals)]
pub struct Seal {
    pub seq: i64,
    pub event_id: String,
    pub at: i64,
    pub sealed_at: i64,
    pub salt: Option<Vec<u8>>,
    /// Digest of what may be forgotten.
    pub client: Vec<u8>,
    /// Digest of the rest, and of `client`.
    pub content: Vec<u8>,
    /// Digest of this seal and of the one before it.
    pub hash: Vec<u8>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = audit_chain)]
pub struct Chain {
    pub id: i32,
    /// The last seal and its hash.
    pub seq: i64,
    pub hash: Vec<u8>,
    /// To what instant events are sealed, and those that are counted.
    pub sealed_to: i64,
    pub counted_to: i64,
    /// The last seal that is not kept, and its hash.
    pub base_seq: i64,
    pub base_hash: Vec<u8>,
    /// Events from before may be missing.
    pub purged_before: i64,
    /// Of all this.
    pub mac: Vec<u8>,
}

/// So many ids to a statement: SQLite binds no more than 32,766 values.
const PART: usize = 1000;

/// Only those that are counted in one row, or only the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Single,
    Counted,
}

pub fn chain(connection: &mut AnyConnection) -> Result<Option<Chain>> {
    let found: Vec<Chain> = load_fit!(
        connection,
        unreadable_rows::CHAIN,
        audit_chain::table.limit(1)
    );
    Ok(found.into_iter().next())
}

/// The chain, and nobody else moves it until the transaction ends.
pub fn hold(connection: &mut AnyConnection) -> Result<Option<Chain>> {
    let rows = diesel::update(audit_chain::table)
        .set(audit_chain::seq.eq(audit_chain::seq))
        .execute(connection)?;
    if at_most_one("holding the audit chain", rows)? {
        return chain(connection);
    }
    Ok(None)
}

/// Writes the first state of the chain, unless another one was written meanwhile. Whether it did.
pub fn begin(connection: &mut AnyConnection, first: &Chain) -> Result<bool> {
    let rows = on_each!(connection, inner => diesel::insert_into(audit_chain::table)
        .values(first)
        .on_conflict_do_nothing()
        .execute(inner))?;
    at_most_one("beginning the audit chain", rows)
}

/// The chain is held.
pub fn set(connection: &mut AnyConnection, chain: &Chain) -> Result<()> {
    let rows = diesel::update(audit_chain::table)
        .set(chain)
        .execute(connection)?;
    exactly_one("moving the audit chain", rows)
}

#[derive(QueryableByName)]
struct Unsealed {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = BigInt)]
    at: i64,
}

/// The first events of the time from `from` to before `to` that have no seal, with their
/// instants.
pub fn unsealed(
    connection: &mut AnyConnection,
    kind: Kind,
    (from, to): (i64, i64),
    limit: i64,
) -> Result<Vec<(String, i64)>> {
    let counted = What::ALL.iter().filter(|what| what.is_counted());
    let words: Vec<String> = counted.map(|what| format!("'{}'", what.as_str())).collect();
    let not = match kind {
        Kind::Single => "NOT ",
        Kind::Counted => "",
    };
    let fit = match connection {
        AnyConnection::Sqlite(_) => unreadable_rows::EVENT,
        AnyConnection::Postgres(_) => "TRUE",
    };
    let text = format!(
        "SELECT id, at FROM audit_events WHERE at >= $1 AND at < $2 AND what {not}IN ({}) AND {fit} \
         AND NOT EXISTS (SELECT 1 FROM audit_seals s WHERE s.event_id = audit_events.id) ORDER BY at, \
         id LIMIT $3",
        words.join(", ")
    );
    let query = diesel::sql_query(text)
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(to)
        .bind::<BigInt, _>(limit);
    let found: Vec<Unsealed> = on_each!(connection, inner => query.load(inner))?;
    Ok(found.into_iter().map(|row| (row.id, row.at)).collect())
}

pub fn add(connection: &mut AnyConnection, seals: &[Seal]) -> Result<()> {
    let insert = diesel::insert_into(audit_seals::table).values(seals);
    let rows = on_each!(connection, inner => insert.execute(inner))?;
    every_one("sealing audit events", rows, seals.len())
}

/// The seals after this one, in their order.
pub fn after(connection: &mut AnyConnection, seq: i64, limit: i64) -> Result<Vec<Seal>> {
    let question = audit_seals::table
        .filter(audit_seals::seq.gt(seq))
        .order(audit_seals::seq.asc())
        .limit(limit);
    Ok(load_fit!(connection, unreadable_rows::SEAL, question))
}

pub fn lookup(connection: &mut AnyConnection, seq: i64) -> Result<Option<Seal>> {
    let question = audit_seals::table.filter(audit_seals::seq.eq(seq));
    let found: Vec<Seal> = load_fit!(connection, unreadable_rows::SEAL, question);
    Ok(found.into_iter().next())
}

/// The number of the last seal; 0 where there is none.
pub fn last(connection: &mut AnyConnection) -> Result<i64> {
    let question = audit_seals::table
        .order(audit_seals::seq.desc())
        .limit(1)
        .select(audit_seals::seq);
    let last: Vec<i64> = load_fit!(connection, unreadable_rows::SEAL, question);
    Ok(last.first().copied().unwrap_or(0))
}

/// The seals of these events, in no order.
pub fn of_events(connection: &mut AnyConnection, ids: &[String]) -> Result<Vec<Seal>> {
    let question = audit_seals::table.filter(audit_seals::event_id.eq_any(ids));
    Ok(load_fit!(connection, unreadable_rows::SEAL, question))
}

/// Removes the seals up to this one: so many.
///
/// # Errors
/// When the database is away, or there were not so many.
pub fn remove_to(connection: &mut AnyConnection, seq: i64, so_many: usize) -> Result<()> {
    let rows =
        diesel::delete(audit_seals::table.filter(audit_seals::seq.le(seq))).execute(connection)?;
    every_one("removing seals of purged events", rows, so_many)
}

/// Forgets what the digests of forgotten addresses were salted with: nobody can guess at them
/// any more, whatever keys they have.
pub fn forget_salts(connection: &mut AnyConnection, accounts: &[String]) -> Result<()> {
    let forgotten: Vec<String> = audit_events::table
        .filter(
            audit_events::account_id
                .eq_any(accounts)
                .or(audit_events::actor_id.eq_any(accounts)),
        )
        .filter(audit_events::address.is_null())
        .filter(audit_events::user_agent.is_null())
        .select(audit_events::id)
        .load(connection)?;
    for part in forgotten.chunks(PART) {
        let none: Option<Vec<u8>> = None;
        // How many of them have a seal, nobody need know.
        let _ = diesel::update(
            audit_seals::table
                .filter(audit_seals::event_id.eq_any(part))
                .filter(audit_seals::salt.is_not_null()),
        )
        .set(audit_seals::salt.eq(none))
        .execute(connection)?;
    }
    Ok(())
}

/// Those of these accounts that there are.
pub fn living_among(connection: &mut AnyConnection, ids: &[String]) -> Result<Vec<String>> {
    Ok(accounts::table
        .filter(accounts::id.eq_any(ids))
        .select(accounts::id)
        .load(connection)?)
}
