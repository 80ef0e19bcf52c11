//! All accounts, a page at a time, for administrators.

use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::accounts::{self, search};
use crate::support::clock::Timestamp;

pub struct AccountPage {
    /// Oldest first.
    pub accounts: Vec<Account>,
    /// How many come after the last of them.
    pub more: i64,
}

/// The first page, or the one that follows a place.
pub fn page(
    kw: &Keyward,
    after: Option<(Timestamp, AccountId)>,
    limit: u32,
) -> Result<AccountPage> {
    let limit = i64::from(limit);
    Ok(kw.store.read(|db| {
        let accounts = match after {
            Some(place) => search::list_after(db, place, limit)?,
            None => search::list(db, limit)?,
        };
        let last = accounts.last().map(|last| (last.created_at, last.id));
        let more = match last.or(after) {
            Some(place) => search::count_after(db, place)?,
            None => accounts::count(db)?,
        };
        Ok::<_, crate::store::Error>(AccountPage { accounts, more })
    })?)
}
