//! Who tried to sign in to the caller's account.

use crate::service::actor::Actor;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::login_attempts;
use crate::support::clock::Timestamp;

/// So many are told.
const MOST: i64 = 100;

/// One try, and what came of it in one word.
pub struct Tried {
    pub at: Timestamp,
    pub succeeded: bool,
    pub outcome: String,
}

/// The youngest, youngest first (row Y-17).
pub fn attempts(kw: &Keyward, actor: &Actor) -> Result<Vec<Tried>> {
    let found = kw
        .store
        .read(|db| login_attempts::list_of(db, actor.account(), MOST))?;
    let tried = found.into_iter().map(|(at, succeeded, outcome)| Tried {
        at,
        succeeded,
        outcome,
    });
    Ok(tried.collect())
}
