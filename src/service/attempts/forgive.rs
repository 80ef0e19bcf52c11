//! What forgives failures, beside a success: a new password, and an administrator.

use crate::domain::account::Account;
use crate::domain::guess_limit::{Counter, forgiven_until};
use crate::domain::id::AccountId;
use crate::domain::quota::Household;
use crate::service::attempts::counter_keys::{Subject, account_key, code_key, keyed, mark_of};
use crate::service::change::Change;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::{self, AnyConnection, factors, limits, sessions};
use crate::support::clock::Timestamp;

/// A new password clears the count of wrong passwords, and nobody is told of those any more. Wrong codes
/// stay counted: a password proves no code.
pub(in crate::service) fn forget(
    kw: &Keyward,
    tx: &mut AnyConnection,
    account: AccountId,
) -> store::Result<()> {
    limits::clear(tx, &account_key(kw, &Subject::Account(account)).0)
}

/// What stands in the counters of strangers and of known browsers.
pub(in crate::service) fn failures_of(
    kw: &Keyward,
    tx: &mut AnyConnection,
    account: &Account,
) -> Result<[Counter; 2]> {
    let factor = factors::active_of(tx, account.id)?;
    let mark = mark_of(kw, account, factor.as_ref());
    let mut found = [Counter::default(); 2];
    let subjects = [
        Subject::Account(account.id),
        Subject::KnownBrowser {
            account: account.id,
            mark: &mark,
        },
    ];
    for (counter, subject) in found.iter_mut().zip(subjects) {
        let (key, _) = account_key(kw, &subject);
        *counter = limits::lookup(tx, &key)?.unwrap_or_default();
    }
    Ok(found)
}

/// Who waits after wrong passwords waits no longer: strangers, known browsers and addresses. Of codes
/// nothing is forgiven, for whoever guesses at those knows the password, and gets no more of them by
/// asking for an unlock (docs/decisions/0174). Whether there was anything to forgive.
pub(in crate::service) fn unlock(change: &mut Change<'_>, account: &Account) -> Result<bool> {
    let until = forgiven_until(change.now);
    let mut forgave = false;
    for key in password_keys(change, account)? {
        forgave |= limits::forgive(change, &key, until)?;
    }
    Ok(forgave)
}

/// Clears every counter of an account that is no more: those of codes, too.
pub(in crate::service) fn erase(change: &mut Change<'_>, account: &Account) -> Result<()> {
    let kw = change.kw;
    for key in password_keys(change, account)? {
        limits::clear(change, &code_key(kw, &key))?;
        limits::clear(change, &key)?;
    }
    Ok(())
}

/// The counters that a password of the account is guessed against, whoever does. To each belongs one
/// of codes, but to those of addresses.
fn password_keys(change: &mut Change<'_>, account: &Account) -> Result<Vec<String>> {
    let kw = change.kw;
    let factor = factors::active_of(change, account.id)?;
    let mark = mark_of(kw, account, factor.as_ref());
    let browser = Subject::KnownBrowser {
        account: account.id,
        mark: &mark,
    };
    let mut subjects = vec![Subject::Account(account.id), browser];
    let addresses =
        sessions::addresses_of(change, account.id, account.epoch, Timestamp::from_millis(0))?;
    subjects.extend(addresses.into_iter().map(|address| Subject::KnownAddress {
        account,
        household: keyed(kw, "household", &Household::from(address).octets()),
    }));
    let keys = subjects.iter().map(|subject| account_key(kw, subject).0);
    Ok(keys.collect())
}

/// An administrator vouches for the owner: whoever guessed codes does not know the password,
/// or has no factor to guess at, any more.
pub(in crate::service) fn forget_codes(
    kw: &Keyward,
    tx: &mut AnyConnection,
    account: AccountId,
) -> store::Result<()> {
    let account = account_key(kw, &Subject::Account(account)).0;
    limits::clear(tx, &code_key(kw, &account))
}
