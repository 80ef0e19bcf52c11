//! An account's sessions, as administrators see and end them.

use crate::domain::event::What;
use crate::domain::id::{AccountId, SessionId};
use crate::domain::session::Session;
use crate::service::account_changes;
use crate::service::administrator::{Administrator, no_such_account};
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::{accounts, sessions};

/// The living ones, youngest first.
///
/// # Errors
/// `NOT_FOUND`; `SERVICE_UNAVAILABLE`.
pub fn living_sessions_of(kw: &Keyward, id: AccountId) -> Result<Vec<Session>> {
    let now = kw.clock.now();
    kw.store.read(|db| {
        let account = accounts::lookup(db, id)?.ok_or_else(no_such_account)?;
        let mut living = sessions::living_of(db, id, now)?;
        living.retain(|session| !session.is_over(account.epoch, now));
        Ok(living)
    })
}

/// # Errors
/// `NOT_FOUND` where the account has no such living session; `SERVICE_UNAVAILABLE`.
pub fn end_session(
    by: impl Into<Administrator>,
    account: AccountId,
    session: SessionId,
) -> Result<()> {
    let by = by.into();
    let kw = by.kw.clone();
    kw.change(move |change| {
        let held = by.hold(change, account)?;
        account_changes::end_session::end_session(change, held, session, None)?;
        let event = by.event(What::SessionsRevoked).of(account);
        change.record(&event.within(session))
    })
}
