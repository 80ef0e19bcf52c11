//! The roles that members of organizations hold: those of every organization, and those that
//! one of them made.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::{MembershipState, Role, Scope};
use crate::store::engine::advisory::{self, Turn};
use crate::store::engine::columns::{optional, time, word};
use crate::store::engine::conflict::{Taken, unless_taken};
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Error, Result, at_most_one, every_one, exactly_one};
use crate::store::engine::schema::{
    account_roles, invitations, memberships, role_permissions, roles,
};
use crate::support::clock::Timestamp;

type Row = (
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<String>,
);

fn read(rows: Vec<Row>) -> Result<Vec<Role>> {
    let mut found: BTreeMap<String, Role> = BTreeMap::new();
    for (key, description, scope, title, organization, factor, permission) in rows {
        let organization = optional("organization id", organization.as_deref())?;
        let scope = scope
            .parse()
            .map_err(|_| Error::Corrupt("scope of a role"))?;
        let role = found.entry(key.clone()).or_insert_with(|| Role {
            name: title.unwrap_or_else(|| key.clone()),
            key,
            description,
            scope,
            organization,
            permissions: BTreeSet::new(),
            factor_from: factor.map(time),
        });
        role.permissions.extend(permission);
    }
    let mut roles: Vec<Role> = found.into_values().collect();
    roles.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(roles)
}

/// A row for each permission; one where there is none.
#[diesel::dsl::auto_type]
fn each() -> _ {
    roles::table
        .left_join(role_permissions::table.on(role_permissions::role.eq(roles::name)))
        .select((
            roles::name,
            roles::description,
            roles::scope,
            roles::title,
            roles::organization_id,
            roles::factor_from,
            role_permissions::permission.nullable(),
        ))
}

/// Those that members of the organization may hold, by name.
pub fn list(connection: &mut AnyConnection, organization: OrganizationId) -> Result<Vec<Role>> {
    let rows: Vec<Row> = each()
        .filter(roles::scope.eq(Scope::Organization.as_str()))
        .filter(
            roles::organization_id
                .is_null()
                .or(roles::organization_id.eq(organization.to_string())),
        )
        .load(connection)?;
    read(rows)
}

/// Those that no organization made, by name.
pub fn list_shared(connection: &mut AnyConnection) -> Result<Vec<Role>> {
    let rows: Vec<Row> = each()
        .filter(roles::organization_id.is_null())
        .load(connection)?;
    read(rows)
}

/// What a role is called that is stored by this key.
///
/// # Errors
/// When the database is away or there is no such role.
pub fn name_of(connection: &mut AnyConnection, key: &str) -> Result<String> {
    let title: Option<String> = roles::table
        .find(key)
        .select(roles::title)
        .first(connection)?;
    Ok(title.unwrap_or_else(|| key.to_owned()))
}

/// What organizations call the roles that they made, each name once.
pub fn names_in_organizations(connection: &mut AnyConnection) -> Result<Vec<String>> {
    let names: Vec<Option<String>> = roles::table
        .filter(roles::organization_id.is_not_null())
        .select(roles::title)
        .distinct()
        .load(connection)?;
    Ok(names.into_iter().flatten().collect())
}

/// From here to the end of the transaction nobody else makes a role: that a name is free, by the
/// lists, holds. No index can tell, because a name is one role's in any letters, and of the whole
/// service or of every organization at once.
pub fn hold_names(connection: &mut AnyConnection) -> Result<()> {
    advisory::hold(connection, Turn::RoleNames)
}

/// Lets nobody else change the role until the transaction ends. Whether it is there.
pub fn hold(connection: &mut AnyConnection, key: &str) -> Result<bool> {
    let rows = diesel::update(roles::table.find(key))
        .set(roles::description.eq(roles::description))
        .execute(connection)?;
    at_most_one("holding a role", rows)
}

/// Lets nobody change or remove the role until the transaction ends, for whoever is about to give
/// it; others give it as well meanwhile. Whether it is there.
pub fn keep(connection: &mut AnyConnection, key: &str, scope: Scope) -> Result<bool> {
    // PostgreSQL takes no text with it, so nothing is called so.
    if key.contains('\0') {
        return Ok(false);
    }
    let row = roles::table
        .find(key)
        .filter(roles::scope.eq(scope.as_str()))
        .select(roles::name);
    let found: Option<String> = match connection {
        // Its transaction writes alone.
        AnyConnection::Sqlite(sqlite) => row.first(sqlite).optional()?,
        // The foreign key of what is about to be written would hold the key alone, and the role
        // could change.
        AnyConnection::Postgres(postgres) => row.for_share().first(postgres).optional()?,
    };
    Ok(found.is_some())
}

/// [`Taken`]: there is one of that name.
pub fn add(connection: &mut AnyConnection, role: &Role) -> Result<Result<(), Taken>> {
    let added = unless_taken(connection, |connection| {
        diesel::insert_into(roles::table)
            .values((
                roles::name.eq(&role.key),
                roles::description.eq(&role.description),
                roles::title.eq(role.organization.map(|_| &role.name)),
                roles::scope.eq(role.scope.as_str()),
                roles::organization_id.eq(role.organization.map(|id| id.to_string())),
                roles::factor_from.eq(role.factor_from.map(Timestamp::millis)),
            ))
            .execute(connection)
    })?;
    if added.is_ok() {
        permit(connection, role)?;
    }
    Ok(added)
}

/// Writes what may change of a role in the place of what it had.
///
/// # Errors
/// When the database is away or there is no such role.
pub fn set(connection: &mut AnyConnection, role: &Role) -> Result<()> {
    let rows = diesel::update(roles::table.find(&role.key))
        .set((
            roles::description.eq(&role.description),
            roles::factor_from.eq(role.factor_from.map(Timestamp::millis)),
        ))
        .execute(connection)?;
    exactly_one("changing a role", rows)?;
    let held = role_permissions::table.filter(role_permissions::role.eq(&role.key));
    diesel::delete(held).execute(connection)?;
    permit(connection, role)
}

fn permit(connection: &mut AnyConnection, role: &Role) -> Result<()> {
    for permission in &role.permissions {
        let rows = diesel::insert_into(role_permissions::table)
            .values((
                role_permissions::role.eq(&role.key),
                role_permissions::permission.eq(permission),
            ))
            .execute(connection)?;
        exactly_one("permitting something to a role", rows)?;
    }
    Ok(())
}

/// # Errors
/// When the database is away, there is no such role, or somebody holds it.
pub fn remove(connection: &mut AnyConnection, key: &str) -> Result<()> {
    let rows = diesel::delete(roles::table.find(key)).execute(connection)?;
    exactly_one("removing a role", rows)
}

/// Removes every role that the organization made; nobody may hold one of them any more.
pub fn remove_all_of(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    how_many: usize,
) -> Result<()> {
    let own = roles::table.filter(roles::organization_id.eq(organization.to_string()));
    let rows = diesel::delete(own).execute(connection)?;
    every_one("removing the roles of an organization", rows, how_many)
}

/// How many members, in whatever state, and accounts hold the role, and how many are invited to
/// it.
pub fn count_holders(connection: &mut AnyConnection, key: &str, now: Timestamp) -> Result<i64> {
    // Of invitations that are over none is kept for a role that goes.
    let over = invitations::table
        .filter(invitations::role.eq(key))
        .filter(invitations::expires_at.le(now.millis()));
    diesel::delete(over).execute(connection)?;
    let invited: i64 = invitations::table
        .filter(invitations::role.eq(key))
        .count()
        .get_result(connection)?;
    let members: i64 = memberships::table
        .filter(memberships::role.eq(key))
        .count()
        .get_result(connection)?;
    let accounts: i64 = account_roles::table
        .filter(account_roles::role.eq(key))
        .count()
        .get_result(connection)?;
    Ok(members + accounts + invited)
}

/// The accounts whose tokens may tell of the role, by their ids.
pub fn holders_of(connection: &mut AnyConnection, key: &str) -> Result<Vec<AccountId>> {
    let mut ids: Vec<String> = memberships::table
        .filter(memberships::role.eq(key))
        .filter(memberships::state.eq(MembershipState::Active.as_str()))
        .select(memberships::account_id)
        .load(connection)?;
    ids.extend(
        account_roles::table
            .filter(account_roles::role.eq(key))
            .select(account_roles::account_id)
            .load::<String>(connection)?,
    );
    ids.sort_unstable();
    ids.dedup();
    ids.iter().map(|id| word("account id", id)).collect()
}
