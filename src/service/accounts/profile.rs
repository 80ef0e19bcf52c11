//! What the caller may know of their own account.

use std::collections::BTreeSet;

use crate::domain::account::Account;
use crate::domain::profile::{Phone, Profile};
use crate::domain::rights::access::OwnAccount;
use crate::service::actor::{Actor, is_theirs};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::emails::{self, StoredEmail};
use crate::store::{AnyConnection, access, accounts, phones, profiles};
use crate::support::waiting::wait_for;

pub use crate::service::actor::account_of as of;

/// Everything that an account says of its owner.
#[derive(Clone, Debug)]
pub struct Person {
    pub account: Account,
    pub profile: Profile,
    pub emails: Vec<StoredEmail>,
    pub phones: Vec<Phone>,
    /// What the caller's token permits.
    pub permissions: Vec<String>,
}

/// The caller, and whether the account has a second factor that counts.
///
/// # Errors
/// `INVALID_TOKEN` where the account is gone or disabled.
pub fn with_factor(kw: &Keyward, actor: &Actor) -> Result<(Account, Profile, bool)> {
    kw.store.read(|db| found(db, actor))
}

/// The caller, and the organizations that the account is in.
///
/// # Errors
/// As [`with_factor`].
pub fn with_organizations(
    kw: &Keyward,
    actor: &Actor,
) -> Result<(Account, Profile, Vec<OwnAccount>)> {
    kw.store.read(|db| {
        let (account, profile, _) = found(db, actor)?;
        let organizations = access::accounts_of(db, account.id)?;
        Ok((account, profile, organizations))
    })
}

/// The same with every way to reach the caller.
///
/// # Errors
/// As [`with_factor`].
pub fn person(kw: &Keyward, actor: &Actor) -> Result<(Person, bool)> {
    wait_for(asked(kw, actor))
}

/// The same as a future, which waits for nothing but an answer that many wait for.
///
/// # Errors
/// As [`with_factor`].
pub async fn asked(kw: &Keyward, actor: &Actor) -> Result<(Person, bool)> {
    let permissions = permissions(kw, actor).await?;
    let found = kw.questions.person(actor.account()).await?;
    let found = found.filter(|person| is_theirs(&person.account, actor));
    let found = found.ok_or_else(Error::token)?;
    let person = Person {
        account: found.account,
        profile: found.profile,
        emails: found.emails,
        phones: found.phones,
        permissions,
    };
    Ok((person, found.has_factor))
}

/// What an account says of its owner, who was not asked for a token: they have just registered.
pub fn of_new(kw: &Keyward, account: &Account) -> Result<Person> {
    kw.store.read(|db| {
        let profile = profiles::lookup(db, account.id)?;
        whole(db, account.clone(), profile)
    })
}

/// What the caller's session would permit, if they had shown the second factor that is asked of
/// them. Their token holds nothing of it.
pub async fn withheld(kw: &Keyward, actor: &Actor) -> Result<BTreeSet<String>> {
    if actor.require_enrolled().is_ok() {
        return Ok(BTreeSet::new());
    }
    let found = kw.questions.session(actor.session()).await?;
    Ok(found.map_or_else(BTreeSet::new, |bearer| bearer.access.permissions))
}

/// With every way to reach them.
pub(super) fn whole(db: &mut AnyConnection, account: Account, profile: Profile) -> Result<Person> {
    Ok(Person {
        emails: emails::list_of(db, account.id)?,
        phones: phones::list_of(db, account.id)?,
        permissions: Vec::new(),
        account,
        profile,
    })
}

/// The token's list; where it is too long for the token, as the database has it now.
async fn permissions(kw: &Keyward, actor: &Actor) -> Result<Vec<String>> {
    let claims = actor.claims();
    if claims.perm_ref.is_none() {
        return Ok(claims.permissions.clone());
    }
    let found = kw.questions.session(actor.session()).await?;
    let bearer = found.ok_or_else(Error::token)?;
    Ok(bearer.access.permissions.into_iter().collect())
}

fn found(db: &mut AnyConnection, actor: &Actor) -> Result<(Account, Profile, bool)> {
    let found = accounts::lookup_with_factor(db, actor.account())?;
    let found = found.filter(|(account, _)| is_theirs(account, actor));
    let (account, factor) = found.ok_or_else(Error::token)?;
    let profile = profiles::lookup(db, account.id)?;
    Ok((account, profile, factor))
}
