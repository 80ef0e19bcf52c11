//! What an administrator does to accounts: the command line today, an interface later.
//! Whatever takes something away advances the account's epoch or access version in the
//! same transaction, and every process learns of it within a second.

use crate::domain::access::ADMINISTRATOR;
use crate::domain::account::Account;
use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::{Email, Identifier, Username};
use crate::domain::letters::{shown, trimmed};
use crate::domain::limit::Counter;
use crate::domain::password::Password;
use crate::domain::session::{EndReason, Session};
use crate::service::attempts::forgive;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::service::tokens::signing_keys::replace_all;
use crate::store::{
    accounts, credentials, factors, limits, recovery_codes, roles, session_ends, sessions,
};

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
    kw.change(move |change| {
        accounts::add(change, &row)?.map_err(|_| {
            Error::new(
                Code::Conflict,
                "That e-mail address or username belongs to another account.",
            )
        })?;
        if let Some(hash) = &hash {
            credentials::set(change, id, hash, now)?;
        }
        if new.admin {
            roles::grant(change, id, ADMINISTRATOR, now)?;
        }
        let operator = change.kw.operator();
        change.record(&Event::new(What::AccountAdded, operator).of(id))
    })?;
    Ok(id)
}

/// # Errors
/// `INVALID_PAYLOAD` where nobody is called so.
pub fn find(kw: &Keyward, identifier: &str) -> Result<Account> {
    let identifier = trimmed(identifier);
    let missing = || Error::payload(format!("There is no account \"{}\".", shown(identifier)));
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
    change(kw, account, what, move |change| {
        let now = change.now;
        accounts::set_enabled(change, account, enabled, now)?;
        if enabled {
            Ok(())
        } else {
            change.end_all_of(account)
        }
    })
}

/// Setting a password ends every session.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn set_password(kw: &Keyward, account: AccountId, password: &Password) -> Result<()> {
    let hash = kw.hasher.hash(password, &kw.entropy);
    change(kw, account, What::PasswordSet, move |change| {
        let now = change.now;
        credentials::set(change, account, &hash, now)?;
        forgive::forget(change.kw, change, account)?;
        forgive::forget_codes(change.kw, change, account)?;
        change.end_all_of(account)
    })
}

/// The failures in a row of strangers at the account, and of its known browsers.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn failures_of(kw: &Keyward, account: &Account) -> Result<[Counter; 2]> {
    kw.store.read(|db| forgive::failures_of(kw, db, account))
}

/// Forgives the failures at an account: who waits, waits no longer.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn unlock(kw: &Keyward, account: &Account) -> Result<()> {
    let account = account.clone();
    change(kw, account.id, What::AccountUnlocked, move |change| {
        forgive::unlock(change, &account)
    })
}

/// Forgives every suspension, of names too that no account has. How many there were.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn unlock_all(kw: &Keyward) -> Result<usize> {
    kw.change(|change| {
        let operator = change.kw.operator();
        change.record(&Event::new(What::AccountUnlocked, operator))?;
        Ok(limits::clear_suspended(change)?)
    })
}

/// Takes the second factor away, for an owner who lost it and its recovery codes. Ends
/// every session (M23).
///
/// # Errors
/// `INVALID_PAYLOAD` where there is none; `SERVICE_UNAVAILABLE`.
pub fn reset_factor(kw: &Keyward, account: AccountId) -> Result<()> {
    change(kw, account, What::FactorReset, move |change| {
        if !factors::remove_all_of(change, account)? {
            return Err(Error::payload("The account has no second factor."));
        }
        recovery_codes::remove_all_of(change, account)?;
        forgive::forget_codes(change.kw, change, account)?;
        change.end_all_of(account)
    })
}

/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn revoke_sessions(kw: &Keyward, account: AccountId) -> Result<()> {
    change(kw, account, What::SessionsRevoked, move |change| {
        change.end_all_of(account)
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
    let (_, accounts) = replace_all(kw, What::AllSessionsRevoked, |change| {
        let now = change.now;
        let accounts = accounts::advance_every_epoch(change, now)?;
        session_ends::end_every(change, now, EndReason::Revoked)?;
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
    change(kw, account, What::RoleGranted, move |change| {
        let now = change.now;
        roles::grant(change, account, &role, now)?;
        Ok(())
    })
}

/// Takes effect at once: tokens that still hold the role are refused everywhere.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn take_role(kw: &Keyward, account: AccountId, role: &str) -> Result<()> {
    let role = role.to_owned();
    change(kw, account, What::RoleTaken, move |change| {
        if roles::take(change, account, &role)? {
            change.outdate_access(account)?;
        }
        Ok(())
    })
}

/// The frame of every change: the account held, and one audit event.
fn change(
    kw: &Keyward,
    account: AccountId,
    what: What,
    mut write: impl FnMut(&mut Change<'_>) -> Result<()> + Send + 'static,
) -> Result<()> {
    kw.change(move |change| {
        if !accounts::hold(change, account)? {
            return Err(Error::payload("That account is not there any more."));
        }
        let event = Event::new(what, change.kw.operator()).of(account);
        notice::record(change, &event)?;
        write(change)
    })
}
