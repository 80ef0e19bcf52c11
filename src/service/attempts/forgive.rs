//! What forgives failures, beside a success: a new password, and an operator.

use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::limit::Counter;
use crate::domain::quota;
use crate::service::attempts::subject::{
    Subject, account_key, code_key, code_key_of, keyed, mark_of,
};
use crate::service::change::Change;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::{self, AnyConnection, factors, limits, sessions};
use crate::support::clock::Timestamp;

/// A new password: whoever guessed at the old one begins anew. The codes that were
/// guessed stay counted, since a change of password proves no code.
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

/// Clears every counter of the account that a sign-in asks: of strangers, of known browsers
/// and addresses, and of the codes of all of them.
pub(in crate::service) fn unlock(change: &mut Change<'_>, account: &Account) -> Result<()> {
    let kw = change.kw;
    let factor = factors::active_of(change, account.id)?;
    let mark = mark_of(kw, account, factor.as_ref());
    let browser = Subject::KnownBrowser {
        account: account.id,
        mark: &mark,
    };
    let mut keys = Vec::new();
    for subject in [Subject::Account(account.id), browser] {
        keys.extend([Some(account_key(kw, &subject)), code_key_of(kw, &subject)]);
    }
    let addresses =
        sessions::addresses_of(change, account.id, account.epoch, Timestamp::from_millis(0))?;
    for address in addresses {
        let household = keyed(kw, "household", &quota::household(address));
        let subject = Subject::KnownAddress { account, household };
        keys.push(Some(account_key(kw, &subject)));
    }
    for (key, _) in keys.into_iter().flatten() {
        limits::clear(change, &key)?;
    }
    Ok(())
}

/// An operator vouches for the owner: whoever guessed codes does not know the password,
/// or has no factor to guess at, any more.
pub(in crate::service) fn forget_codes(
    kw: &Keyward,
    tx: &mut AnyConnection,
    account: AccountId,
) -> store::Result<()> {
    let account = account_key(kw, &Subject::Account(account)).0;
    limits::clear(tx, &code_key(kw, &account))
}
