//! What an administrator does to accounts: the command line today, an interface later.
//! Whatever takes something away advances the account's epoch or access version in the
//! same transaction, and every process learns of it within a second.

use crate::domain::access::ADMINISTRATOR;
use crate::domain::account::Account;
use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::{Email, Identifier, Username};
use crate::domain::password::Password;
use crate::domain::session::{Client, EndReason, Session};
use crate::service::attempts::budget;
use crate::service::audit::record;
use crate::service::error::{Code, Error, Result};
use crate::service::keys::rotate;
use crate::service::keyward::Keyward;
use crate::service::tokens::broadcast::forgotten_at;
use crate::store::revocations::{Entry, News};
use crate::store::{
    AnyConnection, accounts, credentials, factors, recovery_codes, revocations, roles,
    session_ends, sessions,
};
use crate::support::clock::Timestamp;

pub struct NewAccount {
    pub email: Option<Email>,
    pub username: Option<Username>,
    pub password: Option<Password>,
    pub admin: bool,
    /// Whether the address counts as proven: an administrator vouches for it.
    pub verified: bool,
}

/// # Errors
/// `CONFLICT` where the e-mail address or username is taken; `INVALID_PAYLOAD` where one of
/// them could be taken for another's by its looks; `SERVICE_UNAVAILABLE`.
pub fn add_account(kw: &Keyward, new: NewAccount) -> Result<AccountId> {
    let mixed = new.email.as_ref().is_some_and(Email::mixes_scripts)
        || new.username.as_ref().is_some_and(Username::mixes_scripts);
    if mixed {
        let message = "The e-mail address or username mixes letters of several scripts.";
        return Err(Error::payload(message));
    }
    let now = kw.clock.now();
    let id = AccountId(kw.entropy.id(now));
    let hash = new
        .password
        .as_ref()
        .map(|password| kw.hasher.hash(password, &kw.entropy));
    let row = accounts::New {
        id,
        email: new.email,
        username: new.username,
        verified: new.verified,
        created_by: None,
        now,
    };
    let inner = kw.clone();
    kw.store.write(move |tx| {
        accounts::add(tx, &row)?.map_err(|_| {
            Error::new(
                Code::Conflict,
                "That e-mail address or username belongs to another account.",
            )
        })?;
        if let Some(hash) = &hash {
            credentials::set(tx, id, hash, now)?;
        }
        if new.admin {
            roles::grant(tx, id, ADMINISTRATOR, now)?;
        }
        record(
            &inner,
            tx,
            &Event::new(What::AccountAdded, Client::default()).of(id),
            now,
        )?;
        Ok::<_, Error>(())
    })?;
    Ok(id)
}

/// # Errors
/// `INVALID_PAYLOAD` where nobody is called so.
pub fn find(kw: &Keyward, identifier: &str) -> Result<Account> {
    let missing = || Error::payload(format!("There is no account {identifier}."));
    let found = kw.store.read(|db| match identifier.parse::<AccountId>() {
        Ok(id) => accounts::lookup(db, id),
        Err(_) => match Identifier::parse(identifier) {
            Some(identifier) => accounts::find_by_identifier(db, &identifier),
            None => Ok(None),
        },
    })?;
    found.ok_or_else(missing)
}

/// Oldest first.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn list(kw: &Keyward, limit: u32) -> Result<Vec<Account>> {
    Ok(kw.store.read(|db| accounts::list(db, i64::from(limit)))?)
}

/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn is_empty(kw: &Keyward) -> Result<bool> {
    Ok(kw.store.read(accounts::count)? == 0)
}

/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn sessions_of(kw: &Keyward, account: AccountId) -> Result<Vec<Session>> {
    Ok(kw.store.read(|db| sessions::list_of(db, account))?)
}

/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn roles_of(kw: &Keyward, account: AccountId) -> Result<Vec<String>> {
    Ok(kw
        .store
        .read(|db| roles::access_of(db, account))?
        .roles
        .into_iter()
        .collect())
}

/// Disabling ends every session; enabling does not bring them back.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn set_enabled(kw: &Keyward, account: AccountId, enabled: bool) -> Result<()> {
    let what = if enabled {
        What::AccountEnabled
    } else {
        What::AccountDisabled
    };
    change(kw, account, what, move |_, tx, now| {
        accounts::set_enabled(tx, account, enabled, now)?;
        if enabled {
            Ok(None)
        } else {
            end_all(tx, account, now).map(Some)
        }
    })
}

/// Setting a password ends every session.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn set_password(kw: &Keyward, account: AccountId, password: &Password) -> Result<()> {
    let hash = kw.hasher.hash(password, &kw.entropy);
    change(kw, account, What::PasswordSet, move |kw, tx, now| {
        credentials::set(tx, account, &hash, now)?;
        budget::forget(kw, tx, account)?;
        budget::forget_codes(kw, tx, account)?;
        end_all(tx, account, now).map(Some)
    })
}

/// Takes the second factor away, for an owner who lost it and its recovery codes. Ends
/// every session (M23).
///
/// # Errors
/// `INVALID_PAYLOAD` where there is none; `SERVICE_UNAVAILABLE`.
pub fn reset_factor(kw: &Keyward, account: AccountId) -> Result<()> {
    change(kw, account, What::FactorReset, move |kw, tx, now| {
        if !factors::remove_all_of(tx, account)? {
            return Err(Error::payload("The account has no second factor."));
        }
        recovery_codes::remove_all_of(tx, account)?;
        budget::forget_codes(kw, tx, account)?;
        end_all(tx, account, now).map(Some)
    })
}

/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn revoke_sessions(kw: &Keyward, account: AccountId) -> Result<()> {
    change(kw, account, What::SessionsRevoked, move |_, tx, now| {
        end_all(tx, account, now).map(Some)
    })
}

/// Ends every session of every account, after a backup was restored or the secret leaked
/// (S16). The signing keys are replaced with it: a restored database does not know what
/// access tokens were given out since it was saved, so none can be believed. How many
/// accounts there are.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn revoke_all_sessions(kw: &Keyward) -> Result<usize> {
    let (_, accounts) = rotate::replace_all(kw, What::AllSessionsRevoked, |tx, now| {
        let accounts = accounts::advance_every_epoch(tx, now)?;
        session_ends::end_every(tx, now, EndReason::Revoked)?;
        Ok(accounts)
    })?;
    Ok(accounts)
}

/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn define_role(kw: &Keyward, name: &str, permissions: &[&str]) -> Result<()> {
    let name = name.to_owned();
    let permissions: Vec<String> = permissions.iter().map(|&text| text.to_owned()).collect();
    kw.store.write(move |tx| {
        let permissions: Vec<&str> = permissions.iter().map(String::as_str).collect();
        roles::define(tx, &name, &permissions).map_err(Error::from)
    })
}

/// Takes effect at the account's next refresh.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn grant_role(kw: &Keyward, account: AccountId, role: &str) -> Result<()> {
    let role = role.to_owned();
    change(kw, account, What::RoleGranted, move |_, tx, now| {
        roles::grant(tx, account, &role, now)?;
        Ok(None)
    })
}

/// Takes effect at once: tokens that still hold the role are refused everywhere.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn take_role(kw: &Keyward, account: AccountId, role: &str) -> Result<()> {
    let role = role.to_owned();
    change(kw, account, What::RoleTaken, move |_, tx, now| {
        if !roles::take(tx, account, &role)? {
            return Ok(None);
        }
        let access_version = accounts::advance_access(tx, account, now)?;
        let news = News::Account {
            id: account,
            epoch: 0,
            access_version,
        };
        Ok(Some(Entry {
            news,
            until: forgotten_at(now),
        }))
    })
}

/// The frame of every change: one transaction, one audit event, and news last.
fn change(
    kw: &Keyward,
    account: AccountId,
    what: What,
    mut write: impl FnMut(&Keyward, &mut AnyConnection, Timestamp) -> Result<Option<Entry>>
    + Send
    + 'static,
) -> Result<()> {
    let now = kw.clock.now();
    let inner = kw.clone();
    let news = kw.store.write(move |tx| {
        accounts::hold(tx, account)?;
        record(
            &inner,
            tx,
            &Event::new(what, Client::default()).of(account),
            now,
        )?;
        let news = write(&inner, tx, now)?;
        if let Some(entry) = news {
            revocations::add(tx, entry)?;
        }
        Ok::<_, Error>(news)
    })?;
    kw.learn(news.as_slice());
    Ok(())
}

fn end_all(tx: &mut AnyConnection, account: AccountId, now: Timestamp) -> Result<Entry> {
    let epoch = accounts::advance_epoch(tx, account, now)?;
    session_ends::end_all_of(tx, account, now, EndReason::Revoked)?;
    let news = News::Account {
        id: account,
        epoch,
        access_version: 0,
    };
    Ok(Entry {
        news,
        until: forgotten_at(now),
    })
}
