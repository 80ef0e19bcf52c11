//! Finding accounts, for administrators.

use crate::domain::account::Account;
use crate::domain::id::{AccountId, After};
use crate::domain::search_words::SearchWords;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::accounts::search as store_search;
use crate::store::{self, accounts};
use crate::support::page::Page;

/// A page of accounts, oldest first.
pub struct Found {
    pub accounts: Vec<Account>,
    /// Where the next page begins; none where this is the last.
    pub next: Option<After>,
}

/// Those in whose names or primary address each of the words stands, after one of them.
///
/// # Errors
/// `INVALID_PAYLOAD` where there is no account of that id to go on after;
/// `SERVICE_UNAVAILABLE`.
pub fn search(
    kw: &Keyward,
    words: &SearchWords,
    after: Option<After>,
    limit: u32,
) -> Result<Found> {
    let most = i64::from(limit);
    let found = kw.store.read(|db| {
        let place = match after {
            None => None,
            Some(After::Place(at, id)) => Some((at, AccountId(id))),
            Some(After::Row(id)) => match accounts::lookup(db, AccountId(id))? {
                Some(account) => Some((account.created_at, account.id)),
                None => return Ok::<_, store::Error>(None),
            },
        };
        store_search::search(db, words, place, most + 1).map(Some)
    })?;
    let Some(accounts) = found else {
        return Err(Error::payload(
            "\"after\" is no account, or one that is gone: begin anew without it",
        ));
    };
    let page = Page::cut(accounts, limit as usize);
    let place = |last: &Account| After::Place(last.created_at, last.id.0);
    Ok(Found {
        next: page.last().map(place),
        accounts: page.rows,
    })
}
