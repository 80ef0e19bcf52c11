//! Ending sessions of the caller's own account, seen from a list of devices.

use crate::domain::event::{Event, What};
use crate::domain::id::SessionId;
use crate::service::account_changes::end_session::end_session;
use crate::service::actor::Actor;
use crate::service::error::Result;
use crate::service::keyward::Keyward;

/// Ends one of the caller's sessions.
///
/// # Errors
/// `NOT_FOUND` where the caller has no such living session: another's is no different
/// from one that never was. `INVALID_TOKEN` where the caller's own has ended.
pub fn one(kw: &Keyward, actor: &Actor, id: SessionId) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        let caller = change.hold_caller(&actor)?;
        end_session(change, caller.account, id, Some(actor.session()))?;
        let event = Event::new(What::SessionsRevoked, actor.client.clone());
        change.record(&event.of(actor.account()).within(id))
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
        if change.end_others(caller.account, actor.session())? {
            change.record(&actor.event(What::SessionsRevoked))?;
        }
        Ok(())
    })
}
