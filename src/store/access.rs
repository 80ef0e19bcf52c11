//! What an account may do: by its roles in the whole service, and by its role in the
//! organization that a session is in.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::MembershipState;
use crate::domain::rights::access::{Access, OwnAccount};
use crate::domain::rights::api_key::ApiKey;
use crate::domain::rights::permission::{LENT_BY_ADMIN, OWN};
use crate::domain::session::{Class, Session};
use crate::store::engine::columns::time;
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::Result;
use crate::store::engine::schema::{memberships, organizations, role_permissions, roles};
use crate::store::factors;
use crate::store::memberships::list_of;
use crate::store::roles::{access_of, held_by};

/// `None` where the session is in an organization that its account is no active member of.
pub fn of_session(connection: &mut AnyConnection, session: &Session) -> Result<Option<Access>> {
    let mut access = access_of(connection, session.account)?;
    // Guests hold no role.
    if !session.anonymous {
        access.factor_from = factors::demanded_by_roles(connection, session.account)?;
    }
    with(connection, session, access)
}

/// Adds to what the account may do anyhow what it may do by this session. A second factor that is
/// asked for is asked of whoever has none, or did not show it.
pub fn with(
    connection: &mut AnyConnection,
    session: &Session,
    mut access: Access,
) -> Result<Option<Access>> {
    if session.class == Class::Oisp {
        access.accounts = accounts_of(connection, session.account)?;
        access.demand_factor(factors::demanded_by_memberships(
            connection,
            session.account,
        )?);
    }
    let access = match session.organization {
        None => Some(access),
        Some(organization) => within(connection, session.account, organization, access)?,
    };
    let Some(mut access) = access else {
        return Ok(None);
    };
    // Whoever acts for the account showed their own.
    if access.factor_from.is_some()
        && (session.acted_by.is_some() || shows_factor(connection, session)?)
    {
        access.factor_from = None;
    }
    Ok(Some(access))
}

fn shows_factor(connection: &mut AnyConnection, session: &Session) -> Result<bool> {
    Ok(session.authentication.level >= 2
        && factors::active_of(connection, session.account)?.is_some())
}

/// Every permission that the account holds somewhere: in the service, or in an organization.
pub fn anywhere(connection: &mut AnyConnection, account: AccountId) -> Result<BTreeSet<String>> {
    let access = access_of(connection, account)?;
    let is_admin = access.is_admin();
    let mut held = access.permissions;
    if is_admin {
        // In every organization too, as an administrator of the service.
        held.extend(OWN.iter().chain(LENT_BY_ADMIN).map(|&word| word.to_owned()));
    }
    let question = memberships::table
        .inner_join(role_permissions::table.on(role_permissions::role.eq(memberships::role)))
        .filter(memberships::account_id.eq(account.to_string()))
        .filter(memberships::state.eq(MembershipState::Active.as_str()))
        .select(role_permissions::permission);
    let more: Vec<String> = on_each!(connection, inner => question.load(inner))?;
    held.extend(more);
    Ok(held)
}

/// What the account may do in the organization, by its role there. `None` where it is no active
/// member.
pub fn in_organization(
    connection: &mut AnyConnection,
    account: AccountId,
    organization: OrganizationId,
) -> Result<Option<BTreeSet<String>>> {
    let held = within(connection, account, organization, Access::default())?;
    Ok(held.map(|access| access.permissions))
}

/// What the holder of the key may do. `None` where it is good in one organization alone, and its
/// account is no active member of that. Such a key holds nothing that its account may do in the
/// whole service.
pub fn of_key(connection: &mut AnyConnection, key: &ApiKey) -> Result<Option<Access>> {
    let Some(organization) = key.organization else {
        return Ok(Some(key.limit(held_by(connection, key.account)?)));
    };
    let held = within(connection, key.account, organization, Access::default())?;
    Ok(held.map(|held| {
        let role = held.in_organization.unwrap_or_default();
        let mut access = key.limit(BTreeMap::from([(role, held.permissions)]));
        access.in_organization = access.roles.pop_first();
        access
    }))
}

/// What seed O's tokens tell of every organization that the account is in.
pub fn accounts_of(connection: &mut AnyConnection, account: AccountId) -> Result<Vec<OwnAccount>> {
    let own = list_of(connection, account)?.into_iter();
    let active = own.filter(|(membership, ..)| membership.state == MembershipState::Active);
    Ok(active
        .map(|(membership, organization, _)| OwnAccount {
            id: organization.id,
            name: organization.name,
            role: OwnAccount::word(&membership.role).to_owned(),
        })
        .collect())
}

/// A role's key, its title, when it and its organization ask for a second factor, and a permission.
type Within = (
    String,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<String>,
);

fn within(
    connection: &mut AnyConnection,
    account: AccountId,
    organization: OrganizationId,
    mut access: Access,
) -> Result<Option<Access>> {
    let question = memberships::table
        .inner_join(roles::table)
        .inner_join(organizations::table)
        .left_join(role_permissions::table.on(role_permissions::role.eq(memberships::role)))
        .filter(memberships::organization_id.eq(organization.to_string()))
        .filter(memberships::account_id.eq(account.to_string()))
        .filter(memberships::state.eq(MembershipState::Active.as_str()))
        .select((
            roles::name,
            roles::title,
            roles::factor_from,
            organizations::factor_from,
            role_permissions::permission.nullable(),
        ));
    let rows: Vec<Within> = on_each!(connection, inner => question.load(inner))?;
    if rows.is_empty() {
        return Ok(None);
    }
    for (key, title, of_role, of_organization, permission) in rows {
        // Not among the roles of the service: whoever makes an organization is its owner, and
        // a proxy that asks for a group "owner" must not take that for its own.
        access.in_organization = Some(title.unwrap_or(key));
        access.permissions.extend(permission);
        access.demand_factor(of_role.map(time));
        access.demand_factor(of_organization.map(time));
    }
    Ok(Some(access))
}
