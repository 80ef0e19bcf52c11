//! A session with its account and what that may do now: for one, and for many at once.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::domain::id::SessionId;
use crate::domain::rights::access::Access;
use crate::domain::rights::bearer::Bearer;
use crate::domain::rights::permission::counts_in_service;
use crate::domain::session::Class;
use crate::store::access as access_table;
use crate::store::accounts;
use crate::store::engine::columns::time;
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Result, own_fault};
use crate::store::engine::schema::{
    account_roles, accounts as account_table, role_permissions, roles, sessions,
};
use crate::store::engine::transaction::transaction;
use crate::store::sessions::Row;

/// A row for each permission; one where there is none.
macro_rules! with_permissions {
    () => {
        sessions::table
            .inner_join(account_table::table)
            .left_join(account_roles::table.on(account_roles::account_id.eq(account_table::id)))
            .left_join(roles::table.on(roles::name.eq(account_roles::role)))
            .left_join(role_permissions::table.on(role_permissions::role.eq(account_roles::role)))
            .select((
                sessions::all_columns,
                account_table::all_columns,
                account_roles::role.nullable(),
                roles::factor_from.nullable(),
                role_permissions::permission.nullable(),
            ))
    };
}

/// The session, its account, and what that may do now: one question, because a refresh
/// asks nothing else. `None` also where the session is in an organization that the account is
/// no active member of.
pub fn lookup_with_access(connection: &mut AnyConnection, id: SessionId) -> Result<Option<Bearer>> {
    let mut looks = 0;
    loop {
        let question = with_permissions!().filter(sessions::id.eq(id.to_string()));
        let rows: Vec<Permitted> = on_each!(connection, inner => question.load(inner))?;
        let Some(found) = gathered(rows).remove(&id.to_string()) else {
            return Ok(None);
        };
        let read = with_access(connection, found)?;
        looks += 1;
        // What is torn again and again errs on the safe side: its token is outdated already.
        if looks == MOST_LOOKS || is_whole(connection, read.as_ref())? {
            return Ok(read);
        }
    }
}

/// How often a session is looked at, where something is taken from its account meanwhile.
const MOST_LOOKS: usize = 3;

/// Whether the account may still do what it might when its row was read. What it may do in an
/// organization is asked after that, and may be younger: the token would be outdated from the
/// start.
fn is_whole(connection: &mut AnyConnection, read: Option<&Bearer>) -> Result<bool> {
    let Some(Bearer {
        session, account, ..
    }) = read
    else {
        return Ok(true);
    };
    if session.organization.is_none() && session.class != Class::Oisp {
        return Ok(true);
    }
    let now: Option<i64> = account_table::table
        .find(account.id.to_string())
        .select(account_table::access_version)
        .first(connection)
        .optional()?;
    Ok(now.is_none_or(|now| now == account.access_version.0))
}

/// The same for many at once, in their order. A row that is damaged is its own session's error.
pub fn each_with_access(
    connection: &mut AnyConnection,
    ids: &[SessionId],
) -> Result<Vec<Result<Option<Bearer>>>> {
    if ids.len() < 2 {
        let one = |id: &SessionId| own_fault(lookup_with_access(connection, *id));
        return ids.iter().map(one).collect();
    }
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<Permitted> = match connection {
        AnyConnection::Postgres(postgres) => with_permissions!()
            .filter(sessions::id.eq_any(&texts))
            .load(postgres)?,
        // What costs there is not the question: one transaction for all is what can be shared.
        AnyConnection::Sqlite(_) => {
            return transaction(connection, &mut |connection| {
                let one = |id: &SessionId| own_fault(lookup_with_access(connection, *id));
                ids.iter().map(one).collect()
            });
        }
    };
    let mut each = HashMap::new();
    for (id, found) in gathered(rows) {
        let mut read = own_fault(with_access(connection, found))?;
        if let Ok(Some(torn)) = &read
            && !is_whole(connection, Some(torn))?
        {
            read = own_fault(lookup_with_access(connection, torn.session.id))?;
        }
        each.insert(id, read);
    }
    // Two may have asked for one.
    let one = |id: &String| each.get(id).cloned().unwrap_or(Ok(None));
    Ok(texts.iter().map(one).collect())
}

type Permitted = (
    Row,
    accounts::Row,
    Option<String>,
    Option<i64>,
    Option<String>,
);

fn gathered(rows: Vec<Permitted>) -> HashMap<String, (Row, accounts::Row, Access)> {
    let mut each: HashMap<String, (Row, accounts::Row, Access)> = HashMap::new();
    for (session, account, role, factor, permission) in rows {
        let id = session.id.clone();
        let found = each.entry(id);
        let (.., access) = found.or_insert_with(|| (session, account, Access::default()));
        access.roles.extend(role);
        let permission = permission.filter(|word| counts_in_service(word));
        access.permissions.extend(permission);
        access.demand_factor(factor.map(time));
    }
    each
}

fn with_access(
    connection: &mut AnyConnection,
    (session, account, access): (Row, accounts::Row, Access),
) -> Result<Option<Bearer>> {
    let (session, account) = (session.try_into()?, account.try_into()?);
    let access = access_table::with(connection, &session, access)?;
    Ok(access.map(|access| Bearer {
        session,
        account,
        access,
    }))
}
