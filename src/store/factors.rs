//! Second factors: at most one that counts, and one that waits to be confirmed; and from when on
//! roles and organizations ask for one.

use diesel::dsl::min;
use diesel::prelude::*;

use crate::domain::id::{AccountId, FactorId};
use crate::domain::organization::MembershipState;
use crate::store::engine::columns::{time, word};
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Error, Result, at_most_one, exactly_one};
use crate::store::engine::schema::{account_roles, factors, memberships, organizations, roles};
use crate::support::clock::Timestamp;

#[derive(Clone)]
pub struct Factor {
    pub id: FactorId,
    pub account: AccountId,
    pub sealed: Vec<u8>,
    pub confirmed_at: Option<Timestamp>,
    pub last_step: i64,
    pub created_at: Timestamp,
}

type Row = (String, String, Vec<u8>, Option<i64>, i64, i64);

impl Factor {
    /// One that waits to be confirmed.
    #[must_use]
    pub const fn waiting(
        id: FactorId,
        account: AccountId,
        sealed: Vec<u8>,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            account,
            sealed,
            confirmed_at: None,
            last_step: 0,
            created_at,
        }
    }
}

impl TryFrom<Row> for Factor {
    type Error = Error;

    fn try_from((id, account, sealed, confirmed_at, last_step, created_at): Row) -> Result<Self> {
        Ok(Self {
            id: word("factor id", &id)?,
            account: word("account id", &account)?,
            sealed,
            confirmed_at: confirmed_at.map(time),
            last_step,
            created_at: time(created_at),
        })
    }
}

/// The factor that counts.
pub fn active_of(connection: &mut AnyConnection, account: AccountId) -> Result<Option<Factor>> {
    let question = factors::table
        .filter(factors::account_id.eq(account.to_string()))
        .filter(factors::confirmed_at.is_not_null());
    let row = on_each!(connection, inner => question.first::<Row>(inner));
    row.optional()?.map(Factor::try_from).transpose()
}

/// The factor that waits.
pub fn pending_of(connection: &mut AnyConnection, account: AccountId) -> Result<Option<Factor>> {
    let row = factors::table
        .filter(factors::account_id.eq(account.to_string()))
        .filter(factors::confirmed_at.is_null())
        .first::<Row>(connection);
    row.optional()?.map(Factor::try_from).transpose()
}

/// Adds a factor that waits, in the place of one that did.
pub fn add_pending(connection: &mut AnyConnection, factor: &Factor) -> Result<()> {
    remove_pending(connection, factor.account)?;
    let rows = diesel::insert_into(factors::table)
        .values((
            factors::id.eq(factor.id.to_string()),
            factors::account_id.eq(factor.account.to_string()),
            factors::secret_sealed.eq(&factor.sealed),
            factors::last_step.eq(factor.last_step),
            factors::created_at.eq(factor.created_at.millis()),
        ))
        .execute(connection)?;
    exactly_one("adding a factor", rows)
}

/// Forgets the one that waits, where one does.
pub fn remove_pending(connection: &mut AnyConnection, account: AccountId) -> Result<()> {
    let waits = factors::table
        .filter(factors::account_id.eq(account.to_string()))
        .filter(factors::confirmed_at.is_null());
    diesel::delete(waits).execute(connection)?;
    Ok(())
}

/// Takes away the one that counts. Whether there was one.
pub fn remove_active(connection: &mut AnyConnection, account: AccountId) -> Result<bool> {
    let counts = factors::table
        .filter(factors::account_id.eq(account.to_string()))
        .filter(factors::confirmed_at.is_not_null());
    let rows = diesel::delete(counts).execute(connection)?;
    at_most_one("taking a factor away", rows)
}

/// Makes the waiting factor count; the code of `step` is used up by it. Whether it was
/// still waiting.
pub fn confirm(
    connection: &mut AnyConnection,
    id: FactorId,
    step: i64,
    now: Timestamp,
) -> Result<bool> {
    let rows = diesel::update(
        factors::table
            .filter(factors::id.eq(id.to_string()))
            .filter(factors::confirmed_at.is_null()),
    )
    .set((
        factors::confirmed_at.eq(now.millis()),
        factors::last_step.eq(step),
    ))
    .execute(connection)?;
    Ok(rows == 1)
}

/// Uses up the code of `step`: whether it, and every later one, was unused
/// (RFC 6238 section 5.2).
pub fn use_step(connection: &mut AnyConnection, id: FactorId, step: i64) -> Result<bool> {
    let rows = diesel::update(
        factors::table
            .filter(factors::id.eq(id.to_string()))
            .filter(factors::confirmed_at.is_not_null())
            .filter(factors::last_step.lt(step)),
    )
    .set(factors::last_step.eq(step))
    .execute(connection)?;
    Ok(rows == 1)
}

/// Takes away every factor of the account. Whether there was one that counted.
pub fn remove_all_of(connection: &mut AnyConnection, account: AccountId) -> Result<bool> {
    let counted = active_of(connection, account)?.is_some();
    diesel::delete(factors::table.filter(factors::account_id.eq(account.to_string())))
        .execute(connection)?;
    Ok(counted)
}

/// From when on the account's roles of the service ask for a factor.
pub fn demanded_by_roles(
    connection: &mut AnyConnection,
    account: AccountId,
) -> Result<Option<Timestamp>> {
    let from: Option<i64> = account_roles::table
        .inner_join(roles::table.on(roles::name.eq(account_roles::role)))
        .filter(account_roles::account_id.eq(account.to_string()))
        .select(min(roles::factor_from))
        .get_result(connection)?;
    Ok(from.map(time))
}

/// The same of every organization that the account is in, and of its roles there.
pub fn demanded_by_memberships(
    connection: &mut AnyConnection,
    account: AccountId,
) -> Result<Option<Timestamp>> {
    let (organization, role): (Option<i64>, Option<i64>) = memberships::table
        .inner_join(organizations::table)
        .inner_join(roles::table)
        .filter(memberships::account_id.eq(account.to_string()))
        .filter(memberships::state.eq(MembershipState::Active.as_str()))
        .select((min(organizations::factor_from), min(roles::factor_from)))
        .get_result(connection)?;
    Ok(organization.into_iter().chain(role).min().map(time))
}

/// The same of all of them.
pub fn demanded_of(
    connection: &mut AnyConnection,
    account: AccountId,
) -> Result<Option<Timestamp>> {
    let roles = demanded_by_roles(connection, account)?;
    let memberships = demanded_by_memberships(connection, account)?;
    Ok(roles.into_iter().chain(memberships).min())
}
