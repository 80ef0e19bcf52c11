//! Guests: accounts of nobody in particular, until one of them registers. `last_login_at` of
//! a guest is when they were last known to be there; it may lag behind their session.

use diesel::dsl::max;
use diesel::prelude::*;

use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::identifier::{Email, Username};
use crate::store::accounts::New;
use crate::store::emails;
use crate::store::engine::columns::word;
use crate::store::engine::conflict::{Taken, unless_taken};
use crate::store::engine::connection::{AnyConnection, on_each};
use crate::store::engine::error::{Result, every_one, exactly_one};
use crate::store::engine::schema::{accounts, sessions};
use crate::support::clock::Timestamp;

pub fn add(connection: &mut AnyConnection, guest: &Account) -> Result<()> {
    let rows = diesel::insert_into(accounts::table)
        .values((
            accounts::id.eq(guest.id.to_string()),
            accounts::anonymous.eq(true),
            accounts::created_at.eq(guest.created_at.millis()),
            accounts::updated_at.eq(guest.updated_at.millis()),
            accounts::last_login_at.eq(guest.last_login_at.map(Timestamp::millis)),
        ))
        .execute(connection)?;
    exactly_one("adding a guest", rows)
}

/// Makes the guest's account a registered one. Whether it still was a guest's: of two that
/// try at the same time exactly one does it.
///
/// # Errors
/// When the database is away. [`Taken`] is an answer, and then nothing was changed.
pub fn register(connection: &mut AnyConnection, new: &New) -> Result<Result<bool, Taken>> {
    let mut was_guest = false;
    let added = unless_taken(connection, |connection| {
        let guest = accounts::table
            .filter(accounts::id.eq(new.id.to_string()))
            .filter(accounts::anonymous)
            .filter(accounts::enabled);
        let rows = diesel::update(guest)
            .set((
                accounts::email.eq(new.email.as_ref().map(Email::written)),
                accounts::email_canonical.eq(new.email.as_ref().map(Email::canonical)),
                accounts::username.eq(new.username.as_ref().map(Username::written)),
                accounts::username_canonical.eq(new.username.as_ref().map(Username::canonical)),
                accounts::verified.eq(new.verified),
                accounts::created_by.eq(new.created_by.map(|id| id.to_string())),
                accounts::anonymous.eq(false),
                accounts::updated_at.eq(new.now.millis()),
            ))
            .execute(connection)?;
        was_guest = rows > 0;
        match &new.email {
            Some(email) if was_guest => {
                emails::insert(connection, &new.primary(email))?;
            }
            _ => {}
        }
        // The id is the key: there is one, or none that is a guest's.
        Ok(1)
    })?;
    Ok(added.map(|()| was_guest))
}

/// Guests who were not known to be there since `before`, at most `batch`. Some of them may
/// have been: see [`seen_since`].
pub fn unseen_since(
    connection: &mut AnyConnection,
    before: Timestamp,
    batch: i64,
) -> Result<Vec<AccountId>> {
    let ids: Vec<String> = accounts::table
        .filter(accounts::anonymous)
        .filter(accounts::last_login_at.lt(before.millis()))
        .order(accounts::last_login_at.asc())
        .limit(batch)
        .select(accounts::id)
        .load(connection)?;
    ids.iter().map(|id| word("account id", id)).collect()
}

/// Those of these guests whose sessions were used since `before`: it is noted, so that
/// nobody asks about them again for as long.
pub fn seen_since(
    connection: &mut AnyConnection,
    guests: &[AccountId],
    before: Timestamp,
) -> Result<Vec<AccountId>> {
    let ids = guests.iter().map(AccountId::to_string);
    let used: Vec<(String, Option<i64>)> = sessions::table
        .filter(sessions::account_id.eq_any(ids))
        .filter(sessions::rotated_at.ge(before.millis()))
        .group_by(sessions::account_id)
        .select((sessions::account_id, max(sessions::rotated_at)))
        .load(connection)?;
    for (id, at) in &used {
        let guest = accounts::table
            .filter(accounts::id.eq(id))
            .filter(accounts::anonymous);
        // One who registered meanwhile is no guest any more.
        diesel::update(guest)
            .set(accounts::last_login_at.eq(at))
            .execute(connection)?;
    }
    used.iter().map(|(id, _)| word("account id", id)).collect()
}

/// Deletes those of these accounts that still are guests not known to be there since
/// `before`. Those that it deleted.
pub fn delete(
    connection: &mut AnyConnection,
    guests: &[AccountId],
    before: Timestamp,
) -> Result<Vec<AccountId>> {
    let ids = guests.iter().map(AccountId::to_string).collect::<Vec<_>>();
    let gone = || {
        accounts::table
            .filter(accounts::id.eq_any(ids.clone()))
            .filter(accounts::anonymous)
            .filter(accounts::last_login_at.lt(before.millis()))
    };
    let delete = diesel::delete(gone()).returning(accounts::id);
    let deleted: Vec<String> = on_each!(connection, inner => delete.get_results(inner))?;
    let left: i64 = gone().count().get_result(connection)?;
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    every_one(
        "deleting guests",
        deleted.len(),
        deleted.len().saturating_add(left),
    )?;
    deleted.iter().map(|id| word("account id", id)).collect()
}
