//! Roles, what they permit, and who holds them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::domain::id::AccountId;
use crate::domain::rights::access::{ADMIN, Access};
use crate::domain::rights::permission::counts_in_service;
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Result, exactly_one};
use crate::store::engine::schema::{account_roles, accounts, credentials, role_permissions, roles};
use crate::support::clock::Timestamp;

/// What the account may do now.
pub fn access_of(connection: &mut AnyConnection, account: AccountId) -> Result<Access> {
    let mut access = Access::default();
    for (role, permissions) in held_by(connection, account)? {
        access.roles.insert(role);
        access.permissions.extend(permissions);
    }
    Ok(access)
}

/// The roles of the service that the account holds, each with what it permits.
pub fn held_by(
    connection: &mut AnyConnection,
    account: AccountId,
) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let held: Vec<(String, Option<String>)> = account_roles::table
        .left_join(role_permissions::table.on(role_permissions::role.eq(account_roles::role)))
        .filter(account_roles::account_id.eq(account.to_string()))
        .select((account_roles::role, role_permissions::permission.nullable()))
        .load(connection)?;
    let mut roles: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (role, permission) in held {
        let permission = permission.filter(|word| counts_in_service(word));
        roles.entry(role).or_default().extend(permission);
    }
    Ok(roles)
}

pub fn is_there(connection: &mut AnyConnection, name: &str) -> Result<bool> {
    // PostgreSQL takes no text with it, so nothing is called so.
    if name.contains('\0') {
        return Ok(false);
    }
    // A role of organizations is held in one of them, by a membership.
    let known: i64 = roles::table
        .filter(roles::name.eq(name))
        .filter(roles::scope.eq("service"))
        .count()
        .get_result(connection)?;
    Ok(known == 1)
}

/// Lets nobody else hold administrators until the transaction ends: whoever is about to be
/// one less asks [`is_the_only_administrator`] after it.
pub fn hold_administrators(connection: &mut AnyConnection) -> Result<()> {
    let theirs: Vec<String> = role_permissions::table
        .filter(role_permissions::permission.eq(ADMIN))
        .order(role_permissions::role.asc())
        .select(role_permissions::role)
        .load(connection)?;
    for role in theirs {
        let rows = diesel::update(roles::table.find(role))
            .set(roles::description.eq(roles::description))
            .execute(connection)?;
        exactly_one("holding a role", rows)?;
    }
    Ok(())
}

/// Whether the account may administer, and no other one may that can sign in: one that is enabled
/// and has a password, and has proven its address where `only_verified`.
pub fn is_the_only_administrator(
    connection: &mut AnyConnection,
    account: AccountId,
    only_verified: bool,
) -> Result<bool> {
    let administrators: Vec<(String, bool, bool, Option<String>)> = account_roles::table
        .inner_join(accounts::table)
        .inner_join(role_permissions::table.on(role_permissions::role.eq(account_roles::role)))
        .left_join(credentials::table.on(credentials::account_id.eq(account_roles::account_id)))
        .filter(role_permissions::permission.eq(ADMIN))
        .select((
            accounts::id,
            accounts::enabled,
            accounts::verified,
            credentials::account_id.nullable(),
        ))
        .load(connection)?;
    let own = account.to_string();
    let another = administrators
        .iter()
        .any(|(id, enabled, verified, password)| {
            let signs_in = *enabled && password.is_some() && (*verified || !only_verified);
            signs_in && *id != own
        });
    Ok(!another && administrators.iter().any(|(id, ..)| *id == own))
}

/// Whether the account did not hold the role before.
///
/// # Errors
/// When the database is away or there is no such role.
pub fn grant(
    connection: &mut AnyConnection,
    account: AccountId,
    role: &str,
    now: Timestamp,
) -> Result<bool> {
    let row = account_roles::table.find((account.to_string(), role.to_owned()));
    let held: i64 = row.count().get_result(connection)?;
    if held > 0 {
        return Ok(false);
    }
    let rows = diesel::insert_into(account_roles::table)
        .values((
            account_roles::account_id.eq(account.to_string()),
            account_roles::role.eq(role),
            account_roles::granted_at.eq(now.millis()),
        ))
        .execute(connection)?;
    Ok(rows == 1)
}

/// Whether the account held the role.
pub fn take(connection: &mut AnyConnection, account: AccountId, role: &str) -> Result<bool> {
    let row = account_roles::table.find((account.to_string(), role.to_owned()));
    Ok(diesel::delete(row).execute(connection)? == 1)
}

/// A word that a role holds.
#[derive(Queryable)]
pub struct HeldWord {
    /// The role's key, and what it is called.
    pub role: String,
    pub title: Option<String>,
    /// Whose the role is, where an organization made it.
    pub organization: Option<String>,
    pub word: String,
}

/// The words that roles hold, each once with the scope of roles that hold it.
pub fn words_held(connection: &mut AnyConnection) -> Result<Vec<(String, String)>> {
    Ok(role_permissions::table
        .inner_join(roles::table.on(roles::name.eq(role_permissions::role)))
        .select((roles::scope, role_permissions::permission))
        .distinct()
        .load(connection)?)
}

/// Which roles of the scope hold one of the words, at most `limit`.
pub fn holding(
    connection: &mut AnyConnection,
    (scope, words): (&str, &[String]),
    limit: i64,
) -> Result<Vec<HeldWord>> {
    Ok(role_permissions::table
        .inner_join(roles::table.on(roles::name.eq(role_permissions::role)))
        .filter(roles::scope.eq(scope))
        .filter(role_permissions::permission.eq_any(words))
        .order((roles::name.asc(), role_permissions::permission.asc()))
        .limit(limit)
        .select((
            roles::name,
            roles::title,
            roles::organization_id,
            role_permissions::permission,
        ))
        .load(connection)?)
}
