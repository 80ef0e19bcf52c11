//! What an administrator sees of an account.

use crate::domain::id::AccountId;
use crate::domain::rights::access::Access;
use crate::service::accounts::profile::{Person, whole};
use crate::service::administrator::no_such_account;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::{accounts, login_attempts, profiles, roles};

pub use crate::store::login_attempts::PastAttempt;

pub struct AccountView {
    pub person: Person,
    pub has_second_factor: bool,
    pub access: Access,
}

/// # Errors
/// `NOT_FOUND`; `SERVICE_UNAVAILABLE`.
pub fn show(kw: &Keyward, id: AccountId) -> Result<AccountView> {
    kw.store.read(|db| {
        let found = accounts::lookup_with_factor(db, id)?;
        let (account, has_second_factor) = found.ok_or_else(no_such_account)?;
        let profile = profiles::lookup(db, id)?;
        let access = roles::access_of(db, id)?;
        let mut person = whole(db, account, profile)?;
        person.permissions = access.permissions.iter().cloned().collect();
        Ok(AccountView {
            person,
            has_second_factor,
            access,
        })
    })
}

/// The last sign-ins that were tried, youngest first.
///
/// # Errors
/// `NOT_FOUND`; `SERVICE_UNAVAILABLE`.
pub fn attempts(kw: &Keyward, id: AccountId, limit: u32) -> Result<Vec<PastAttempt>> {
    kw.store.read(|db| {
        accounts::lookup(db, id)?.ok_or_else(no_such_account)?;
        Ok(login_attempts::recent_of(db, id, i64::from(limit))?)
    })
}
