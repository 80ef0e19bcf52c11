//! Ending sessions of the caller's own account, seen from a list of devices.

use crate::domain::event::{Event, What};
use crate::domain::id::SessionId;
use crate::domain::session::EndReason;
use crate::service::actor::Actor;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::store::sessions;

/// Ends one of the caller's sessions.
///
/// # Errors
/// `NOT_FOUND` where the caller has no such living session: another's is no different
/// from one that never was. `INVALID_TOKEN` where the caller's own has ended.
pub fn one(kw: &Keyward, actor: &Actor, id: SessionId) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        let (caller, now) = (actor.account(), change.now);
        let missing = || Error::new(Code::NotFound, "There is no such session.");
        sessions::lookup(change, id)?
            .filter(|(session, account)| {
                account.id == caller && !session.is_over(account.epoch, now)
            })
            .ok_or_else(missing)?;
        if !change.end_but(id, EndReason::Revoked, Some(actor.session()))? {
            return Err(missing());
        }
        let event = Event::new(What::SessionsRevoked, actor.client.clone());
        change.record(&event.of(caller).within(id))
    })
}

/// Ends all the caller's sessions but this one.
///
/// # Errors
/// `INVALID_TOKEN` where the caller's own has ended.
pub fn others(kw: &Keyward, actor: &Actor) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        let caller = change.hold_caller(&actor)?;
        change.record(&actor.event(What::SessionsRevoked))?;
        change.end_others(caller.account, actor.session())
    })
}
