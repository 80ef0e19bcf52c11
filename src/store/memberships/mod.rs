//! Who is in which organization. Whoever changes a row holds the organization.

/// Who is invited: addresses, and no accounts.
pub mod invitations;
/// Who invited.
pub mod inviters;

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::{Membership, MembershipState, OWNER, Organization};
use crate::store::engine::columns::{time, word};
use crate::store::engine::conflict::{Taken, unless_taken};
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Error, Result, exactly_one};
use crate::store::engine::schema::{
    accounts, credentials, emails, memberships, organizations, roles,
};
use crate::store::organizations as organization;
use crate::support::clock::Timestamp;

type Row = (
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    i64,
);

const COLUMNS: (
    memberships::organization_id,
    memberships::account_id,
    memberships::role,
    memberships::state,
    memberships::address,
    memberships::written,
    memberships::created_at,
) = (
    memberships::organization_id,
    memberships::account_id,
    memberships::role,
    memberships::state,
    memberships::address,
    memberships::written,
    memberships::created_at,
);

fn stored(row: Row) -> Result<Membership> {
    let (organization, account, role, state, address, written, created) = row;
    Ok(Membership {
        organization: word("organization id", &organization)?,
        account: word("account id", &account)?,
        role,
        state: state
            .parse()
            .map_err(|()| Error::Corrupt("state of a membership"))?,
        invited: address.zip(written),
        created_at: time(created),
    })
}

/// What the account is invited to in the organization ends by it. [`Taken`]: the account is in the
/// organization.
pub fn add(
    connection: &mut AnyConnection,
    new: &Membership,
    by: AccountId,
) -> Result<Result<(), Taken>> {
    let (address, written) = new.invited.clone().unzip();
    let added = unless_taken(connection, |connection| {
        diesel::insert_into(memberships::table)
            .values((
                memberships::organization_id.eq(new.organization.to_string()),
                memberships::account_id.eq(new.account.to_string()),
                memberships::role.eq(&new.role),
                memberships::state.eq(new.state.as_str()),
                memberships::address.eq(address),
                memberships::written.eq(written),
                memberships::invited_by.eq(by.to_string()),
                memberships::created_at.eq(new.created_at.millis()),
                memberships::updated_at.eq(new.created_at.millis()),
            ))
            .execute(connection)
    })?;
    if added.is_ok() {
        invitations::remove_of(connection, new.organization, new.account)?;
    }
    Ok(added)
}

pub fn lookup(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    account: AccountId,
) -> Result<Option<Membership>> {
    let row: Option<Row> = memberships::table
        .find((organization.to_string(), account.to_string()))
        .select(COLUMNS)
        .first(connection)
        .optional()?;
    row.map(stored).transpose()
}

/// A membership, its organization, and what its role is called.
pub type Own = (Membership, Organization, String);

/// Of one account, in the order of their coming.
pub fn list_of(connection: &mut AnyConnection, account: AccountId) -> Result<Vec<Own>> {
    let rows: Vec<(Row, organization::Row, Option<String>)> = memberships::table
        .inner_join(organizations::table)
        .inner_join(roles::table)
        .filter(memberships::account_id.eq(account.to_string()))
        .order((memberships::created_at.asc(), organizations::id.asc()))
        .select((COLUMNS, organization::COLUMNS, roles::title))
        .load(connection)?;
    let own = rows.into_iter().map(|(row, organization, title)| {
        let membership = stored(row)?;
        let name = title.unwrap_or_else(|| membership.role.clone());
        Ok((membership, organization::stored(organization)?, name))
    });
    own.collect()
}

/// A member as others see it.
#[derive(Clone, Debug)]
pub struct Member {
    pub membership: Membership,
    /// What the role is called.
    pub role: String,
    pub email: Option<String>,
    /// Whether the member has proven the address.
    pub verified: bool,
    pub username: Option<String>,
    pub names: (Option<String>, Option<String>),
}

/// Which members of an organization are wanted.
#[derive(Clone, Debug)]
pub struct MemberPage {
    /// Those that come after this one.
    pub after: Option<String>,
    pub limit: i64,
}

/// Members by the ids of their accounts. Each is called by an address that it has proven: the one
/// that was invited, or else the primary one, or else another. `verified` says where there is none.
pub fn page(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    page: MemberPage,
) -> Result<Vec<Member>> {
    type Of = (
        Row,
        Option<String>,
        Option<String>,
        Option<String>,
        Option<String>,
        Option<String>,
    );
    let rows: Vec<Of> = memberships::table
        .inner_join(accounts::table)
        .inner_join(roles::table)
        .filter(memberships::organization_id.eq(organization.to_string()))
        .filter(memberships::account_id.gt(page.after.unwrap_or_default()))
        .order(memberships::account_id.asc())
        .limit(page.limit)
        .select((
            COLUMNS,
            roles::title,
            accounts::email,
            accounts::username,
            accounts::first_name,
            accounts::last_name,
        ))
        .load(connection)?;
    let mut proven = proven_by(
        connection,
        &rows.iter().map(|it| it.0.1.clone()).collect::<Vec<_>>(),
    )?;
    let members = rows
        .into_iter()
        .map(|(row, title, email, username, first, last)| {
            let theirs = proven.remove(&row.1).unwrap_or_default();
            let membership = stored(row)?;
            let called = called(&theirs, &membership);
            Ok(Member {
                role: title.unwrap_or_else(|| membership.role.clone()),
                verified: called.is_some(),
                email: called.map(|(_, written, _)| written.clone()).or(email),
                membership,
                username,
                names: (first, last),
            })
        });
    members.collect()
}

/// An address that was proven: its canonical form, as its owner writes it, and whether it is the
/// primary one.
type Proven = (String, String, bool);

/// The address that the others in the organization see.
fn called<'a>(proven: &'a [Proven], membership: &Membership) -> Option<&'a Proven> {
    let joined_by = membership.invited.as_ref().map(|(address, _)| address);
    let invited = proven.iter().find(|(it, ..)| Some(it) == joined_by);
    let primary = proven.iter().find(|(.., is_primary)| *is_primary);
    invited.or(primary).or(proven.first())
}

/// Whether the others see the member by this address, which the account has proven.
pub fn is_called_by(
    connection: &mut AnyConnection,
    member: &Membership,
    address: &str,
) -> Result<bool> {
    let account = member.account.to_string();
    let mut proven = proven_by(connection, std::slice::from_ref(&account))?;
    let theirs = proven.remove(&account).unwrap_or_default();
    Ok(called(&theirs, member).is_some_and(|(canonical, ..)| canonical == address))
}

/// Of each of the accounts, in the order of their coming.
fn proven_by(
    connection: &mut AnyConnection,
    accounts: &[String],
) -> Result<BTreeMap<String, Vec<Proven>>> {
    let rows: Vec<(String, String, String, bool)> = emails::table
        .filter(emails::account_id.eq_any(accounts))
        .filter(emails::verified.eq(true))
        .order((emails::created_at.asc(), emails::canonical.asc()))
        .select((
            emails::account_id,
            emails::canonical,
            emails::written,
            emails::is_primary,
        ))
        .load(connection)?;
    let mut proven: BTreeMap<String, Vec<Proven>> = BTreeMap::new();
    for (account, canonical, written, is_primary) in rows {
        let of = proven.entry(account).or_default();
        of.push((canonical, written, is_primary));
    }
    Ok(proven)
}

/// Puts a membership that stands as it `stood` into another role and state.
///
/// # Errors
/// When the database is away, or it does not stand so.
pub fn change(
    connection: &mut AnyConnection,
    stood: &Membership,
    (role, state): (&str, MembershipState),
    now: Timestamp,
) -> Result<()> {
    let row = memberships::table
        .find((stood.organization.to_string(), stood.account.to_string()))
        .filter(memberships::role.eq(&stood.role))
        .filter(memberships::state.eq(stood.state.as_str()));
    let rows = diesel::update(row)
        .set((
            memberships::role.eq(role),
            memberships::state.eq(state.as_str()),
            memberships::updated_at.eq(now.millis()),
        ))
        .execute(connection)?;
    exactly_one("changing a membership", rows)
}

/// # Errors
/// When the database is away, or it does not stand so.
pub fn remove(connection: &mut AnyConnection, stood: &Membership) -> Result<()> {
    let row = memberships::table
        .find((stood.organization.to_string(), stood.account.to_string()))
        .filter(memberships::role.eq(&stood.role))
        .filter(memberships::state.eq(stood.state.as_str()));
    exactly_one(
        "ending a membership",
        diesel::delete(row).execute(connection)?,
    )
}

/// Of everybody in the organization, suspended ones too, by their ids.
pub fn accounts_in(
    connection: &mut AnyConnection,
    organization: OrganizationId,
) -> Result<Vec<AccountId>> {
    let ids: Vec<String> = memberships::table
        .filter(memberships::organization_id.eq(organization.to_string()))
        .order(memberships::account_id.asc())
        .select(memberships::account_id)
        .load(connection)?;
    ids.iter().map(|id| word("account id", id)).collect()
}

/// How many owners the organization has beside this account who can do something about it: active
/// ones, whose account is enabled and has a password to sign in with, and has proven its address
/// where `only_verified`.
pub fn other_owners(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    account: AccountId,
    only_verified: bool,
) -> Result<i64> {
    Ok(memberships::table
        .inner_join(accounts::table)
        .inner_join(credentials::table.on(credentials::account_id.eq(memberships::account_id)))
        .filter(accounts::enabled.eq(true))
        .filter(
            accounts::verified
                .eq(true)
                .or(accounts::verified.eq(only_verified)),
        )
        .filter(memberships::organization_id.eq(organization.to_string()))
        .filter(memberships::role.eq(OWNER))
        .filter(memberships::state.eq(MembershipState::Active.as_str()))
        .filter(memberships::account_id.ne(account.to_string()))
        .count()
        .get_result(connection)?)
}

/// How many organizations the account is in.
pub fn count_of(connection: &mut AnyConnection, account: AccountId) -> Result<i64> {
    Ok(memberships::table
        .filter(memberships::account_id.eq(account.to_string()))
        .count()
        .get_result(connection)?)
}

/// How many are in the organization.
pub fn count_in(connection: &mut AnyConnection, organization: OrganizationId) -> Result<i64> {
    Ok(memberships::table
        .filter(memberships::organization_id.eq(organization.to_string()))
        .count()
        .get_result(connection)?)
}
