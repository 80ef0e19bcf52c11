//! First and last name as accounts are looked for by them: in lower case and composed, whatever the
//! database knows of letters.

use diesel::prelude::*;

use crate::domain::id::AccountId;
use crate::domain::identifier::in_lower_case;
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Result, at_most_one, exactly_one};
use crate::store::engine::schema::{account_names, accounts};
use crate::support::clock::Timestamp;

/// First and last name.
type Names<'a> = (Option<&'a str>, Option<&'a str>);

fn canonical((first, last): Names<'_>) -> Option<String> {
    let names: Vec<&str> = first.into_iter().chain(last).collect();
    (!names.is_empty()).then(|| in_lower_case(&names.join(" ")))
}

/// Writes the names that the account has as they are looked for.
///
/// # Errors
/// When the database is away or there is no such account.
pub fn set_canonical(
    connection: &mut AnyConnection,
    id: AccountId,
    names: Names<'_>,
) -> Result<()> {
    let rows = diesel::update(account_names::table.find(id.to_string()))
        .set(account_names::names_canonical.eq(canonical(names)))
        .execute(connection)?;
    exactly_one("setting the names that are looked for", rows)
}

/// The account is called by its address alone.
///
/// # Errors
/// When the database is away or there is no such account.
pub fn remove_username(
    connection: &mut AnyConnection,
    id: AccountId,
    now: Timestamp,
) -> Result<()> {
    let rows = diesel::update(accounts::table.find(id.to_string()))
        .set((
            accounts::username.eq(None::<&str>),
            accounts::username_canonical.eq(None::<&str>),
            accounts::updated_at.eq(now.millis()),
        ))
        .execute(connection)?;
    exactly_one("taking a username away", rows)
}

#[diesel::dsl::auto_type]
fn is_named() -> _ {
    account_names::first_name
        .is_not_null()
        .or(account_names::last_name.is_not_null())
}

/// Writes them for some accounts whose names were written before there was a column for that. How
/// many were looked at.
pub fn add_canonical(connection: &mut AnyConnection, limit: i64) -> Result<usize> {
    let found: Vec<(String, Option<String>, Option<String>)> = account_names::table
        .filter(account_names::names_canonical.is_null())
        .filter(is_named())
        .limit(limit)
        .select((
            account_names::id,
            account_names::first_name,
            account_names::last_name,
        ))
        .load(connection)?;
    for (id, first, last) in &found {
        // Whoever changes the names meanwhile writes them, too.
        let as_read = account_names::table
            .find(id)
            .filter(account_names::names_canonical.is_null())
            .filter(is_named());
        let names = canonical((first.as_deref(), last.as_deref()));
        let rows = diesel::update(as_read)
            .set(account_names::names_canonical.eq(names))
            .execute(connection)?;
        at_most_one("adding the names that are looked for", rows)?;
    }
    Ok(found.len())
}
