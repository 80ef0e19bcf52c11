//! Who is in which organization. Whoever changes a row holds the organization.

use diesel::prelude::*;

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::{Membership, OWNER, Organization, State};
use crate::store::engine::columns::{time, word};
use crate::store::engine::conflict::{Taken, unless_taken};
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Error, Result, exactly_one};
use crate::store::engine::schema::{accounts, emails, memberships, organizations, roles};
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

/// [`Taken`]: the account is in the organization, or invited to it.
///
/// # Errors
/// When the database is away.
pub fn add(
    connection: &mut AnyConnection,
    new: &Membership,
    by: AccountId,
) -> Result<Result<(), Taken>> {
    let (address, written) = new.invited.clone().unzip();
    unless_taken(connection, |connection| {
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
    })
}

/// # Errors
/// When the database is away or the row is damaged.
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

/// The invitation of an address to the organization.
///
/// # Errors
/// When the database is away or the row is damaged.
pub fn find_invited(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    address: &str,
) -> Result<Option<Membership>> {
    let row: Option<Row> = memberships::table
        .filter(memberships::organization_id.eq(organization.to_string()))
        .filter(memberships::state.eq(State::Invited.as_str()))
        .filter(memberships::address.eq(address))
        .select(COLUMNS)
        .first(connection)
        .optional()?;
    row.map(stored).transpose()
}

/// A membership, its organization, and what its role is called.
pub type Own = (Membership, Organization, String);

/// Of one account, in the order of their coming.
///
/// # Errors
/// When the database is away or a row is damaged.
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
    pub username: Option<String>,
    pub names: (Option<String>, Option<String>),
}

/// Which members of an organization are wanted.
#[derive(Clone, Debug)]
pub struct Page {
    pub invited: bool,
    /// Those that come after this one.
    pub after: Option<String>,
    pub limit: i64,
}

/// Whether the account has proven the address.
///
/// # Errors
/// When the database is away.
pub fn is_theirs(
    connection: &mut AnyConnection,
    account: AccountId,
    address: Option<&str>,
) -> Result<bool> {
    let Some(address) = address else {
        return Ok(false);
    };
    let proven: i64 = emails::table
        .find(address.to_owned())
        .filter(emails::account_id.eq(account.to_string()))
        .filter(emails::verified.eq(true))
        .count()
        .get_result(connection)?;
    Ok(proven > 0)
}

/// Members by the ids of their accounts, and invitations by their addresses: an id tells when
/// an account was made, and so whether somebody had one before (E12).
///
/// # Errors
/// When the database is away or a row is damaged.
pub fn page(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    page: Page,
) -> Result<Vec<Member>> {
    type Of = (
        Row,
        Option<String>,
        Option<String>,
        Option<String>,
        Option<String>,
        Option<String>,
    );
    let invited = State::Invited.as_str();
    let after = page.after.unwrap_or_default();
    let question = memberships::table
        .inner_join(accounts::table)
        .inner_join(roles::table)
        .filter(memberships::organization_id.eq(organization.to_string()))
        .limit(page.limit)
        .select((
            COLUMNS,
            roles::title,
            accounts::email,
            accounts::username,
            accounts::first_name,
            accounts::last_name,
        ));
    let rows: Vec<Of> = if page.invited {
        question
            .filter(memberships::state.eq(invited))
            .filter(memberships::address.gt(after))
            .order(memberships::address.asc())
            .load(connection)?
    } else {
        question
            .filter(memberships::state.ne(invited))
            .filter(memberships::account_id.gt(after))
            .order(memberships::account_id.asc())
            .load(connection)?
    };
    let members = rows
        .into_iter()
        .map(|(row, title, email, username, first, last)| {
            let membership = stored(row)?;
            Ok(Member {
                role: title.unwrap_or_else(|| membership.role.clone()),
                membership,
                email,
                username,
                names: (first, last),
            })
        });
    members.collect()
}

/// Puts a membership that stands as it `stood` into another role and state.
///
/// # Errors
/// When the database is away, or it does not stand so.
pub fn change(
    connection: &mut AnyConnection,
    stood: &Membership,
    (role, state): (&str, State),
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

/// Of everybody in the organization, in whatever state, by their ids.
///
/// # Errors
/// When the database is away or a row is damaged.
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

/// How many active owners the organization has beside this account.
///
/// # Errors
/// When the database is away.
pub fn other_owners(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    account: AccountId,
) -> Result<i64> {
    Ok(memberships::table
        .filter(memberships::organization_id.eq(organization.to_string()))
        .filter(memberships::role.eq(OWNER))
        .filter(memberships::state.eq(State::Active.as_str()))
        .filter(memberships::account_id.ne(account.to_string()))
        .count()
        .get_result(connection)?)
}

/// How many organizations the account is in or invited to.
///
/// # Errors
/// When the database is away.
pub fn count_of(connection: &mut AnyConnection, account: AccountId) -> Result<i64> {
    Ok(memberships::table
        .filter(memberships::account_id.eq(account.to_string()))
        .count()
        .get_result(connection)?)
}

/// How many are in the organization or invited to it.
///
/// # Errors
/// When the database is away.
pub fn count_in(connection: &mut AnyConnection, organization: OrganizationId) -> Result<i64> {
    Ok(memberships::table
        .filter(memberships::organization_id.eq(organization.to_string()))
        .count()
        .get_result(connection)?)
}
