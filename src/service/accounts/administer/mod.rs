//! What administrators do to accounts, at the command line and over the interface.
//! Whatever takes something away advances the account's epoch or access version in the
//! same transaction, and every process learns of it within a second.

mod add;
mod change_account;
mod role;
mod session;

pub use add::{NewAccount, add_account, add_machine, add_on_lane};
pub use role::{grant_role, take_role};
pub use session::{end_session, living_sessions_of};

use crate::domain::account::Account;
use crate::domain::event::{Event, What};
use crate::domain::guess_limit::{Counter, forgiven_until};
use crate::domain::id::AccountId;
use crate::domain::identifier::{Identifier, Username};
use crate::domain::password::{Password, PasswordRecord};
use crate::domain::session::{EndReason, Session};
use crate::domain::texts::name_characters::{shown, trimmed};
use crate::lanes::password_lane::Seat;
use crate::service::account_changes::hash_chosen_password::hashed;
use crate::service::account_changes::set_password::replace_password;
use crate::service::accounts::administer::change_account::{change, change_by};
use crate::service::accounts::only_administrator::require_another_administrator;
use crate::service::accounts::profile_edit::{self, Edit};
use crate::service::administrator::{Administrator, no_such_account};
use crate::service::attempts::forgive;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::membership::administering::administers_any;
use crate::service::tokens::signing_keys::replace_all;
use crate::store::{accounts, factors, limits, recovery_codes, roles, session_ends, sessions};

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

/// # Errors
/// `NOT_FOUND`; `SERVICE_UNAVAILABLE`.
pub fn by_id(kw: &Keyward, id: AccountId) -> Result<Account> {
    kw.store
        .read(|db| accounts::lookup(db, id))?
        .ok_or_else(no_such_account)
}

pub fn is_empty(kw: &Keyward) -> Result<bool> {
    Ok(kw.store.read(accounts::count)? == 0)
}

/// Whether no session is stored: nobody has a token that a signing key would be missed for.
pub fn is_nobody_signed_in(kw: &Keyward) -> Result<bool> {
    Ok(kw.store.read(sessions::is_empty)?)
}

pub fn sessions_of(kw: &Keyward, account: AccountId) -> Result<Vec<Session>> {
    Ok(kw.store.read(|db| sessions::list_of(db, account))?)
}

pub fn roles_of(kw: &Keyward, account: AccountId) -> Result<Vec<String>> {
    Ok(kw
        .store
        .read(|db| roles::access_of(db, account))?
        .roles
        .into_iter()
        .collect())
}

/// Disabling ends every session; enabling does not bring them back. Whether it was not so before.
///
/// # Errors
/// `CONFLICT` where an administrator would disable the only one; `NOT_FOUND`;
/// `STEP_UP_REQUIRED` where an account with roles is enabled; `SERVICE_UNAVAILABLE`.
pub fn set_enabled(
    by: impl Into<Administrator>,
    account: AccountId,
    enabled: bool,
) -> Result<bool> {
    let by = by.into();
    let kw = by.kw.clone();
    kw.change(move |change| {
        let held = by.hold(change, account)?;
        enable(change, &by, held, enabled)
    })
}

/// What an administrator changes of an account.
#[derive(Clone)]
pub struct Patch {
    pub enabled: Option<bool>,
    /// Names and profile.
    pub edit: Option<Edit>,
}

/// # Errors
/// As [`set_enabled`], `STEP_UP_REQUIRED` for another username too; `FORBIDDEN` for an API key that
/// would give a reserved one; `CONFLICT` where the username is another account's; `INVALID_PAYLOAD`.
pub fn edit_account(by: impl Into<Administrator>, account: AccountId, patch: Patch) -> Result<()> {
    let by = by.into();
    let kw = by.kw.clone();
    kw.change(move |change| {
        let held = by.hold(change, account)?;
        if let Some(edit) = &patch.edit {
            if let Some(username) = &edit.username {
                require_renamer(change, &by, account, username)?;
            }
            if profile_edit::write(change, held, edit)? {
                change.record(&by.event(What::ProfileChanged).of(account))?;
            }
        }
        match patch.enabled {
            Some(enabled) => enable(change, &by, held, enabled).map(|_| ()),
            None => Ok(()),
        }
    })
}

/// Applications behind a proxy go by the username: whoever gives another one hands over what it opens
/// there.
fn require_renamer(
    change: &mut Change<'_>,
    by: &Administrator,
    account: AccountId,
    username: &Username,
) -> Result<()> {
    let before = accounts::lookup(change, account)?.and_then(|it| it.username);
    if before.is_some_and(|before| username.matches(&before)) {
        return Ok(());
    }
    by.require_giver_of(username)?;
    by.require_fresh()
}

fn enable<'t>(
    change: &mut Change<'t>,
    by: &Administrator,
    held: Held<'t, AccountId>,
    enabled: bool,
) -> Result<bool> {
    let (now, account) = (change.now, held.id());
    let is_so = accounts::lookup(change, account)?.is_some_and(|it| it.enabled == enabled);
    if enabled {
        if !roles::access_of(change, account)?.roles.is_empty() {
            // Whoever signs in to it is as powerful as if the roles were given now.
            by.require_person()?;
            by.require_fresh()?;
        } else if by.is_key() && administers_any(change, account)? {
            by.require_person()?;
        }
    }
    if is_so {
        return Ok(false);
    }
    if enabled {
        change.record(&by.event(What::AccountEnabled).of(account))?;
        accounts::set_enabled(change, account, true, now)?;
        return Ok(true);
    }
    // Whoever is at the command line can enable one again.
    if by.account().is_some() {
        require_another_administrator(change, held)?;
    }
    change.record(&by.event(What::AccountDisabled).of(account))?;
    accounts::set_enabled(change, account, false, now)?;
    change.end_all_of(held)?;
    Ok(true)
}

/// Setting a password ends every session.
pub fn set_password(
    by: impl Into<Administrator>,
    account: AccountId,
    password: &Password,
) -> Result<()> {
    let by = by.into();
    let hash = by.kw.hasher.hash(password, &by.kw.entropy)?;
    set_record(by, account, hash)
}

/// The same by way of the password lane, and only what the policy takes.
///
/// # Errors
/// `INVALID_PAYLOAD` where the password is refused; `NOT_FOUND`; `CONFLICT` for one's own account;
/// `FORBIDDEN` for an API key; `SERVICE_UNAVAILABLE`.
pub fn choose_password(
    by: impl Into<Administrator>,
    seat: &Seat,
    account: AccountId,
    password: &Password,
) -> Result<()> {
    let by = by.into();
    // Who found a key must not stay by a password.
    by.require_person()?;
    by.require_others(
        account,
        "Your own password you change by POST /auth/password/change, with the present one.",
    )?;
    let found = by_id(&by.kw, account);
    let about = match &found {
        Ok(account) => [account.email.clone(), account.username.clone()],
        Err(_) => [None, None],
    };
    let record = hashed(&by.kw, seat, password, &about)?;
    found?;
    set_record(by, account, record)
}

fn set_record(by: Administrator, account: AccountId, hash: PasswordRecord) -> Result<()> {
    let event = by.event(What::PasswordSet).of(account);
    change_by(by, account, event.clone(), move |change, held| {
        require_password(change, account)?;
        forgive::forget_codes(change.kw, change, account)?;
        replace_password(change, held, &hash, &event)?;
        Ok(true)
    })
    .map(|_| ())
}

/// # Errors
/// `CONFLICT` where nobody signs in to the account.
fn require_password(change: &mut Change<'_>, account: AccountId) -> Result<()> {
    if accounts::lookup(change, account)?.is_some_and(|account| account.machine) {
        let message = "A machine's account has no password: it has API keys.";
        return Err(Error::new(Code::Conflict, message));
    }
    Ok(())
}

/// The failures in a row of strangers at the account, and of its known browsers.
pub fn failures_of(kw: &Keyward, account: &Account) -> Result<[Counter; 2]> {
    kw.store.read(|db| forgive::failures_of(kw, db, account))
}

/// Forgives the wrong passwords at an account: who waits, waits no longer. Codes that were guessed
/// stay counted, until the password is set or the factor reset. Whether there were any.
///
/// # Errors
/// `CONFLICT` for one's own account; `FORBIDDEN` for an API key; `SERVICE_UNAVAILABLE`.
pub fn unlock(by: impl Into<Administrator>, account: &Account) -> Result<bool> {
    let by = by.into();
    // Who found a key, or stole a token, would guess at its account's password without an end.
    by.require_person()?;
    by.require_others(
        account.id,
        "Your own account another administrator unlocks, or an operator by keyward user unlock.",
    )?;
    let account = account.clone();
    change(by, account.id, What::AccountUnlocked, move |change, _| {
        forgive::unlock(change, &account)
    })
}

/// Forgives every suspension, of names too that no account has. How many there were.
pub fn unlock_all(kw: &Keyward) -> Result<usize> {
    kw.change(|change| {
        let until = forgiven_until(change.now);
        let lifted = limits::forgive_suspended(change, until)?;
        if lifted > 0 {
            let operator = change.kw.operator();
            change.record(&Event::new(What::AccountUnlocked, operator))?;
        }
        Ok(lifted)
    })
}

/// Takes the second factor away, for an owner who lost it and its recovery codes. Ends
/// every session (M23).
///
/// # Errors
/// `NOT_FOUND` where there is none; `CONFLICT` for one's own account; `FORBIDDEN` for an API
/// key; `SERVICE_UNAVAILABLE`.
pub fn reset_factor(by: impl Into<Administrator>, account: AccountId) -> Result<()> {
    let by = by.into();
    by.require_person()?;
    by.require_others(
        account,
        "Your own second factor you remove by DELETE /auth/mfa/totp, with a code of it.",
    )?;
    change(by, account, What::FactorReset, move |change, held| {
        if !factors::remove_all_of(change, account)? {
            let message = "The account has no second factor.";
            return Err(Error::new(Code::NotFound, message));
        }
        recovery_codes::remove_all_of(change, account)?;
        forgive::forget_codes(change.kw, change, account)?;
        change.end_all_of(held)?;
        Ok(true)
    })
    .map(|_| ())
}

/// Whether the account had a session, or one in which it acts for another.
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method by its path is of one transaction, and not of every one"
)]
pub fn revoke_sessions(by: impl Into<Administrator>, account: AccountId) -> Result<bool> {
    change(
        by.into(),
        account,
        What::SessionsRevoked,
        move |change, held| change.end_what_lives_of(held),
    )
}

/// Ends every session of every account, after a backup was restored or the secret leaked
/// (S16). The signing keys are replaced with it: a restored database does not know what
/// access tokens were given out since it was saved, so none can be believed. How many
/// accounts there are.
pub fn revoke_all_sessions(kw: &Keyward) -> Result<usize> {
    let (_, accounts) = replace_all(kw, What::AllSessionsRevoked, |change| {
        let ending = change.ending(EndReason::Revoked);
        let accounts = accounts::advance_every_epoch(change, ending.at)?;
        session_ends::end_every(change, ending)?;
        Ok(accounts)
    })?;
    Ok(accounts)
}
