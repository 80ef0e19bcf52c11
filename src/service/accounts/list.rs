//! All accounts, a page at a time, for operators.

use crate::domain::account::Account;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::accounts::{self, search};

pub struct AccountPage {
    /// Oldest first.
    pub accounts: Vec<Account>,
    /// How many come after the last of them.
    pub more: i64,
}

/// The first page, or the one that follows an account.
pub fn page(kw: &Keyward, after: Option<&Account>, limit: u32) -> Result<AccountPage> {
    let limit = i64::from(limit);
    Ok(kw.store.read(|db| {
        let place = |account: &Account| (account.created_at, account.id);
        let accounts = match after {
            Some(account) => search::list_after(db, place(account), limit)?,
            None => search::list(db, limit)?,
        };
        let more = match accounts.last().or(after) {
            Some(last) => search::count_after(db, place(last))?,
            None => accounts::count(db)?,
        };
        Ok::<_, crate::store::Error>(AccountPage { accounts, more })
    })?)
}
