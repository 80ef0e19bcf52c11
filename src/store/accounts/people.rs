//! What an account says of its owner, for many at once: one question for each table.

use diesel::pg::PgConnection;

use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::profile::{Phone, Profile};
use crate::store::emails::{self, StoredEmail};
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Result, own_fault};
use crate::store::engine::transaction::transaction;
use crate::store::{accounts, phones, profiles};

#[derive(Clone, Debug)]
pub struct Person {
    pub account: Account,
    /// Whether there is a second factor that counts.
    pub has_factor: bool,
    pub profile: Profile,
    pub emails: Vec<StoredEmail>,
    pub phones: Vec<Phone>,
}

/// For each account, in their order. A row that is damaged is its own account's error.
pub fn each(
    connection: &mut AnyConnection,
    ids: &[AccountId],
) -> Result<Vec<Result<Option<Person>>>> {
    match connection {
        AnyConnection::Postgres(postgres) => together(postgres, ids),
        // What costs there is not the question: one transaction for all is what can be shared.
        AnyConnection::Sqlite(_) => transaction(connection, &mut |connection| {
            ids.iter()
                .map(|id| own_fault(one(connection, *id)))
                .collect()
        }),
    }
}

fn one(connection: &mut AnyConnection, id: AccountId) -> Result<Option<Person>> {
    let Some((account, has_factor)) = accounts::lookup_with_factor(connection, id)? else {
        return Ok(None);
    };
    Ok(Some(Person {
        account,
        has_factor,
        profile: profiles::lookup(connection, id)?,
        emails: emails::list_of(connection, id)?,
        phones: phones::list_of(connection, id)?,
    }))
}

fn together(
    connection: &mut PgConnection,
    ids: &[AccountId],
) -> Result<Vec<Result<Option<Person>>>> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let accounts = accounts::each_with_factor(connection, &texts)?;
    let profiles = profiles::each(connection, &texts)?;
    let emails = emails::each_of(connection, &texts)?;
    let phones = phones::each_of(connection, &texts)?;
    let person = |id: &String| -> Result<Option<Person>> {
        let Some(found) = accounts.get(id) else {
            return Ok(None);
        };
        let (account, has_factor) = found.clone()?;
        Ok(Some(Person {
            account,
            has_factor,
            profile: profiles.get(id).cloned().transpose()?.unwrap_or_default(),
            emails: emails.get(id).cloned().transpose()?.unwrap_or_default(),
            phones: phones.get(id).cloned().unwrap_or_default(),
        }))
    };
    Ok(texts.iter().map(person).collect())
}
