//! API keys, as administrators handle them.

use crate::domain::event::What;
use crate::domain::id::{AccountId, ApiKeyId};
use crate::domain::rights::api_key::ApiKey;
use crate::service::administrator::Administrator;
use crate::service::api_keys::rules::{
    Draft, HoldsScope, Made, New, lately, look_through, no_key, require_good, require_renewable,
    revoke,
};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::store::api_keys::Whose;
use crate::store::{accounts, api_keys};

/// Everybody's, or one account's, oldest first.
pub fn list(
    kw: &Keyward,
    account: Option<AccountId>,
    after: Option<ApiKeyId>,
    limit: u32,
) -> Result<Vec<ApiKey>> {
    let limit = i64::from(limit);
    Ok(kw
        .store
        .read(|db| api_keys::page(db, account, after, limit))?)
}

/// A key for a machine's account. Who had a person's key would be that person, and nobody would see
/// it; one's own is made by the owner's route, which asks for more.
///
/// # Errors
/// `NOT_FOUND`; `INVALID_PAYLOAD` for a permission that the account has not; `CONFLICT` for a person's
/// account, and where two of that name live; `STEP_UP_REQUIRED` where the sign-in was long ago.
pub fn make(by: impl Into<Administrator>, account: AccountId, new: New) -> Result<Made> {
    let by = by.into();
    let kw = by.kw.clone();
    require_maker(&by, account)?;
    require_good(&kw, &new)?;
    let draft = Draft::new(&kw, account, by.account(), &new);
    kw.change(move |change| {
        by.hold(change, account)?;
        require_handled(change, &by, account)?;
        match look_through(change, account, (new.organization, &new.scope))? {
            HoldsScope::All => draft.write(change, by.event(What::ApiKeyMade)),
            HoldsScope::Lacks(word) => Err(Error::payload(format!(
                "The account has not the permission \"{word}\": give it a role that has it first"
            ))),
            HoldsScope::NoMember => {
                let message = "The account is no active member of the organization";
                Err(Error::payload(message))
            }
        }
    })
}

/// # Errors
/// `NOT_FOUND`; `CONFLICT` for a person's, where two of that name live, where the key is over, or may
/// what its account may not any more; `STEP_UP_REQUIRED` where the sign-in was long ago.
pub fn rotate(by: impl Into<Administrator>, id: ApiKeyId) -> Result<Made> {
    let by = by.into();
    let kw = by.kw.clone();
    by.require_person()?;
    let old = found(&kw, id)?;
    require_maker(&by, old.account)?;
    let draft = Draft::in_place_of(&kw, &old, by.account());
    kw.change(move |change| {
        let old = held(change, &by, &old)?;
        require_handled(change, &by, old.account)?;
        require_renewable(change, &old)?;
        draft.write(change, by.event(What::ApiKeyRotated))
    })
}

/// # Errors
/// `NOT_FOUND`.
pub fn revoke_one(by: impl Into<Administrator>, id: ApiKeyId) -> Result<()> {
    let by = by.into();
    let kw = by.kw.clone();
    let key = found(&kw, id)?;
    kw.change(move |change| {
        let key = held(change, &by, &key)?;
        revoke(change, by.event(What::ApiKeyRevoked), &key)
    })
}

/// Every key of the account. How many there were.
///
/// # Errors
/// `NOT_FOUND`.
pub fn revoke_all_of(by: impl Into<Administrator>, account: AccountId) -> Result<usize> {
    let by = by.into();
    let kw = by.kw.clone();
    kw.change(move |change| {
        by.hold(change, account)?;
        change.revoke_keys(Whose::Account(account), &by.event(What::ApiKeyRevoked))
    })
}

/// Every key of everybody, one after another: after a backup was restored nobody knows which were
/// revoked since. How many there were.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`; what was revoked until then stays so.
pub fn revoke_everybodys(kw: &Keyward) -> Result<usize> {
    let mut revoked = 0;
    loop {
        let keys = list(kw, None, None, 100)?;
        if keys.is_empty() {
            return Ok(revoked);
        }
        for key in keys {
            match revoke_one(kw, key.id) {
                // Somebody else was first.
                Err(error) if error.code == Code::NotFound => {}
                done => {
                    done?;
                    revoked += 1;
                }
            }
        }
    }
}

fn found(kw: &Keyward, id: ApiKeyId) -> Result<ApiKey> {
    let key = kw.store.read(|db| api_keys::lookup(db, id))?;
    key.ok_or_else(no_key)
}

/// The key as it is now that its account is held.
fn held(change: &mut Change<'_>, by: &Administrator, key: &ApiKey) -> Result<ApiKey> {
    by.hold(change, key.account)?;
    api_keys::lookup(change, key.id)?.ok_or_else(no_key)
}

/// Who found a key must not stay by another one, nor who stole a token of long ago; and nobody goes
/// round what the owner of a key is asked for, by being an administrator (docs/decisions/0175).
fn require_maker(by: &Administrator, account: AccountId) -> Result<()> {
    by.require_person()?;
    by.require_others(
        account,
        "Your own keys you make by POST /auth/api-keys, and rotate by POST /auth/api-keys/{key}/rotate.",
    )?;
    by.require_shown(&lately())
}

/// Whether the administrator may have a key of the account. Whoever is at the command line has the
/// database besides.
fn require_handled(change: &mut Change<'_>, by: &Administrator, account: AccountId) -> Result<()> {
    let is_machine = accounts::lookup(change, account)?.is_some_and(|account| account.machine);
    if is_machine || by.account().is_none() {
        return Ok(());
    }
    Err(Error::new(
        Code::Conflict,
        "A person makes their own keys: make one for a machine's account.",
    ))
}
