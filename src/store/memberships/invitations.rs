//! Invitations of addresses, to an organization or to the service. One waits for each place and
//! address; an account has those of the addresses that it has proven. Whoever changes an
//! organization's holds the organization.

use diesel::prelude::*;

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::Organization;
use crate::store::engine::columns::{optional, time};
use crate::store::engine::conflict::{Taken, unless_taken};
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Result, at_most_one, exactly_one};
use crate::store::engine::schema::{emails, invitations, organizations, roles};
use crate::store::organizations as organization;
use crate::support::clock::Timestamp;

/// What an invitation is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Service,
    Organization(OrganizationId),
}

impl Place {
    pub(in crate::store) fn key(self) -> String {
        match self {
            Self::Service => "service".to_owned(),
            Self::Organization(id) => id.to_string(),
        }
    }

    #[must_use]
    pub const fn organization(self) -> Option<OrganizationId> {
        match self {
            Self::Service => None,
            Self::Organization(id) => Some(id),
        }
    }
}

/// An invitation that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingInvitation {
    pub place: Place,
    /// In its canonical form.
    pub address: String,
    /// As whoever invited wrote it.
    pub written: String,
    /// The key of a role.
    pub role: Option<String>,
    pub invited_by: Option<AccountId>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

type Row = (
    Option<String>,
    String,
    String,
    Option<String>,
    Option<String>,
    i64,
    i64,
);

const COLUMNS: (
    invitations::organization_id,
    invitations::address,
    invitations::written,
    invitations::role,
    invitations::invited_by,
    invitations::created_at,
    invitations::expires_at,
) = (
    invitations::organization_id,
    invitations::address,
    invitations::written,
    invitations::role,
    invitations::invited_by,
    invitations::created_at,
    invitations::expires_at,
);

fn stored(row: Row) -> Result<WaitingInvitation> {
    let (organization, address, written, role, invited_by, created, expires) = row;
    let organization = optional("organization id", organization.as_deref())?;
    Ok(WaitingInvitation {
        place: organization.map_or(Place::Service, Place::Organization),
        address,
        written,
        role,
        invited_by: optional("account id", invited_by.as_deref())?,
        created_at: time(created),
        expires_at: time(expires),
    })
}

/// Writes an invitation, or puts the newest word into the one that waits: whose code stays good
/// until another one is mailed. [`Taken`]: another transaction wrote it at the same moment, and
/// took it away again.
///
/// # Errors
/// When the database is away or there is no such role.
pub fn put(connection: &mut AnyConnection, new: &WaitingInvitation) -> Result<Result<(), Taken>> {
    let (place, now) = (new.place.key(), new.created_at.millis());
    let row = invitations::table.find((place.clone(), new.address.clone()));
    let over = row.clone().filter(invitations::expires_at.le(now));
    diesel::delete(over).execute(connection)?;
    for _ in 0..2 {
        let rows = diesel::update(row.clone())
            .set((
                invitations::written.eq(&new.written),
                invitations::role.eq(&new.role),
                invitations::invited_by.eq(new.invited_by.map(|id| id.to_string())),
                invitations::created_at.eq(now),
            ))
            .execute(connection)?;
        if at_most_one("inviting anew", rows)? {
            return Ok(Ok(()));
        }
        let added = unless_taken(connection, |connection| insert(connection, &place, new))?;
        if added.is_ok() {
            return Ok(Ok(()));
        }
    }
    Ok(Err(Taken))
}

fn insert(
    connection: &mut AnyConnection,
    place: &str,
    new: &WaitingInvitation,
) -> QueryResult<usize> {
    let organization = new.place.organization().map(|id| id.to_string());
    diesel::insert_into(invitations::table)
        .values((
            invitations::place.eq(place),
            invitations::organization_id.eq(organization),
            invitations::address.eq(&new.address),
            invitations::written.eq(&new.written),
            invitations::role.eq(&new.role),
            invitations::invited_by.eq(new.invited_by.map(|id| id.to_string())),
            invitations::created_at.eq(new.created_at.millis()),
            invitations::expires_at.eq(new.expires_at.millis()),
        ))
        .execute(connection)
}

/// The code that was mailed a moment ago is the one that counts, until then.
///
/// # Errors
/// When the database is away or there is no such invitation.
pub fn set_code(
    connection: &mut AnyConnection,
    of: &WaitingInvitation,
    mac: &str,
    until: Timestamp,
) -> Result<()> {
    let row = invitations::table.find((of.place.key(), of.address.clone()));
    let rows = diesel::update(row)
        .set((
            invitations::mac.eq(mac),
            invitations::expires_at.eq(until.millis()),
        ))
        .execute(connection)?;
    exactly_one("mailing an invitation", rows)
}

pub fn find(
    connection: &mut AnyConnection,
    place: Place,
    address: &str,
    now: Timestamp,
) -> Result<Option<WaitingInvitation>> {
    let row: Option<Row> = invitations::table
        .find((place.key(), address.to_owned()))
        .filter(invitations::expires_at.gt(now.millis()))
        .select(COLUMNS)
        .first(connection)
        .optional()?;
    row.map(stored).transpose()
}

/// Whose newest code this is.
pub fn find_by_code(
    connection: &mut AnyConnection,
    mac: &str,
    now: Timestamp,
) -> Result<Option<WaitingInvitation>> {
    let row: Option<Row> = invitations::table
        .filter(invitations::mac.eq(mac))
        .filter(invitations::expires_at.gt(now.millis()))
        .select(COLUMNS)
        .first(connection)
        .optional()?;
    row.map(stored).transpose()
}

/// Lets nobody else change or take the invitation until the transaction ends. Whether it is there.
pub fn hold(connection: &mut AnyConnection, mac: &str) -> Result<bool> {
    let row = invitations::table.filter(invitations::mac.eq(mac));
    let rows = diesel::update(row)
        .set(invitations::created_at.eq(invitations::created_at))
        .execute(connection)?;
    at_most_one("holding an invitation", rows)
}

/// Whether it was there.
pub fn remove(connection: &mut AnyConnection, place: Place, address: &str) -> Result<bool> {
    let row = invitations::table.find((place.key(), address.to_owned()));
    let rows = diesel::delete(row).execute(connection)?;
    at_most_one("ending an invitation", rows)
}

/// The newest one to the organization of an address that the account has, proven or not.
pub fn find_of(
    connection: &mut AnyConnection,
    (organization, account): (OrganizationId, AccountId),
    proven: bool,
    now: Timestamp,
) -> Result<Option<WaitingInvitation>> {
    let row: Option<Row> = invitations::table
        .inner_join(emails::table.on(emails::canonical.eq(invitations::address)))
        .filter(invitations::organization_id.eq(organization.to_string()))
        .filter(emails::account_id.eq(account.to_string()))
        .filter(emails::verified.eq(proven))
        .filter(invitations::expires_at.gt(now.millis()))
        .order((invitations::created_at.desc(), invitations::address.asc()))
        .select(COLUMNS)
        .first(connection)
        .optional()?;
    row.map(stored).transpose()
}

/// An invitation, its organization, and what its role is called.
pub type Own = (WaitingInvitation, Organization, String);

/// Those to organizations of the addresses that the account has proven: of several to one
/// organization the newest.
pub fn list_of(
    connection: &mut AnyConnection,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<Own>> {
    let rows: Vec<(Row, organization::Row, String, Option<String>)> = invitations::table
        .inner_join(emails::table.on(emails::canonical.eq(invitations::address)))
        .inner_join(organizations::table)
        .inner_join(roles::table)
        .filter(emails::account_id.eq(account.to_string()))
        .filter(emails::verified.eq(true))
        .filter(invitations::expires_at.gt(now.millis()))
        .order((invitations::created_at.desc(), invitations::address.asc()))
        .select((COLUMNS, organization::COLUMNS, roles::name, roles::title))
        .load(connection)?;
    let mut own: Vec<Own> = Vec::new();
    for (row, organization, role, title) in rows {
        let (waiting, organization) = (stored(row)?, organization::stored(organization)?);
        if own.iter().all(|(_, known, _)| known.id != organization.id) {
            own.push((waiting, organization, title.unwrap_or(role)));
        }
    }
    Ok(own)
}

/// Those to the service of the addresses that the account has proven, over or not.
pub fn to_service_of(
    connection: &mut AnyConnection,
    account: AccountId,
) -> Result<Vec<WaitingInvitation>> {
    let proven = proven(connection, account)?;
    let rows: Vec<Row> = invitations::table
        .filter(invitations::place.eq(Place::Service.key()))
        .filter(invitations::address.eq_any(proven))
        .order(invitations::address.asc())
        .select(COLUMNS)
        .load(connection)?;
    rows.into_iter().map(stored).collect()
}

/// Ends those to this organization of the addresses that the account has proven. Whether there
/// were any.
pub fn remove_of(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    account: AccountId,
) -> Result<bool> {
    let proven = proven(connection, account)?;
    let rows = invitations::table
        .filter(invitations::organization_id.eq(organization.to_string()))
        .filter(invitations::address.eq_any(proven));
    Ok(diesel::delete(rows).execute(connection)? > 0)
}

/// The same to every organization, and to the service.
pub fn remove_all_of(connection: &mut AnyConnection, account: AccountId) -> Result<()> {
    let proven = proven(connection, account)?;
    let rows = invitations::table.filter(invitations::address.eq_any(proven));
    diesel::delete(rows).execute(connection)?;
    Ok(())
}

fn proven(connection: &mut AnyConnection, account: AccountId) -> Result<Vec<String>> {
    Ok(emails::table
        .filter(emails::account_id.eq(account.to_string()))
        .filter(emails::verified.eq(true))
        .select(emails::canonical)
        .load(connection)?)
}

/// Which invitations are wanted, by their addresses.
#[derive(Clone, Debug)]
pub struct InvitationPage {
    pub place: Place,
    /// Those that come after this one.
    pub after: Option<String>,
    pub limit: i64,
    pub now: Timestamp,
}

/// An invitation, and what its role is called.
pub type Listed = (WaitingInvitation, Option<String>);

pub fn page(connection: &mut AnyConnection, page: InvitationPage) -> Result<Vec<Listed>> {
    let rows: Vec<(Row, Option<String>)> = invitations::table
        .left_join(roles::table)
        .filter(invitations::place.eq(page.place.key()))
        .filter(invitations::address.gt(page.after.unwrap_or_default()))
        .filter(invitations::expires_at.gt(page.now.millis()))
        .order(invitations::address.asc())
        .limit(page.limit)
        .select((COLUMNS, roles::title.nullable()))
        .load(connection)?;
    let listed = rows.into_iter().map(|(row, title)| {
        let waiting = stored(row)?;
        let called = title.or_else(|| waiting.role.clone());
        Ok((waiting, called))
    });
    listed.collect()
}

/// How many are invited to the organization.
pub fn count_in(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<i64> {
    Ok(invitations::table
        .filter(invitations::organization_id.eq(organization.to_string()))
        .filter(invitations::expires_at.gt(now.millis()))
        .count()
        .get_result(connection)?)
}
