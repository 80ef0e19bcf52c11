//! Ending sessions one by one: the caller's own, seen from a list of devices.

use crate::domain::event::{Event, What};
use crate::domain::id::{AccountId, SessionId};
use crate::domain::session::{Client, EndReason, Session};
use crate::service::audit::record;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::standing;
use crate::service::tokens::authenticate::Principal;
use crate::service::tokens::broadcast::{ended, may_be_believed};
use crate::store::revocations::Entry;
use crate::store::{AnyConnection, revocations, session_ends, sessions};
use crate::support::clock::Timestamp;

/// The caller's living sessions, youngest first.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn list(kw: &Keyward, principal: &Principal) -> Result<Vec<Session>> {
    let now = kw.clock.now();
    let mut sessions = kw
        .store
        .read(|db| sessions::living_of(db, principal.account(), now))?;
    sessions.retain(|session| !session.is_over(principal.claims.epoch, now));
    Ok(sessions)
}

/// Ends one of the caller's sessions.
///
/// # Errors
/// `NOT_FOUND` where the caller has no such living session: another's is no different
/// from one that never was. `INVALID_TOKEN` where the caller's own has ended.
pub fn one(kw: &Keyward, principal: &Principal, id: SessionId, client: &Client) -> Result<()> {
    let now = kw.clock.now();
    let (caller, acting) = (principal.account(), principal.session());
    let entry = ended(id, now);
    let (inner, client) = (kw.clone(), client.clone());
    kw.store.write(move |tx| {
        standing::hold(tx, caller, acting, now)?;
        let missing = || Error::new(Code::NotFound, "There is no such session.");
        sessions::lookup(tx, id)?
            .filter(|(session, account)| {
                account.id == caller && !session.is_over(account.epoch, now)
            })
            .ok_or_else(missing)?;
        if !sessions::end(tx, id, now, EndReason::Revoked)? {
            return Err(missing());
        }
        let event = Event::new(What::SessionsRevoked, client.clone());
        record(&inner, tx, &event.of(caller).within(id), now)?;
        revocations::add(tx, entry)?;
        Ok::<_, Error>(())
    })?;
    kw.learn(&[entry]);
    Ok(())
}

/// Ends all the caller's sessions but this one.
///
/// # Errors
/// `INVALID_TOKEN` where the caller's own has ended; `SERVICE_UNAVAILABLE`.
pub fn others(kw: &Keyward, principal: &Principal, client: &Client) -> Result<()> {
    let now = kw.clock.now();
    let (account, keep) = (principal.account(), principal.session());
    let (inner, client) = (kw.clone(), client.clone());
    let news = kw.store.write(move |tx| {
        standing::hold(tx, account, keep, now)?;
        let event = Event::new(What::SessionsRevoked, client.clone());
        record(&inner, tx, &event.of(account).within(keep), now)?;
        end_others(tx, account, keep, now)
    })?;
    kw.learn(&news);
    Ok(())
}

/// Ends every session of the account but `keep`, and tells of those that somebody could still
/// believe. The last thing that its transaction may write.
pub(in crate::service) fn end_others(
    tx: &mut AnyConnection,
    account: AccountId,
    keep: SessionId,
    now: Timestamp,
) -> Result<Vec<Entry>> {
    let others = session_ends::end_others(tx, account, keep, now, EndReason::Revoked)?;
    let told = others
        .into_iter()
        .filter(|(_, idle)| may_be_believed(*idle, now));
    let news: Vec<Entry> = told.map(|(id, _)| ended(id, now)).collect();
    revocations::add_all(tx, &news)?;
    Ok(news)
}
