//! The caller's living sessions: a list of devices.

use crate::domain::session::Session;
use crate::service::actor::Actor;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::sessions;

/// Youngest first.
pub fn list(kw: &Keyward, actor: &Actor) -> Result<Vec<Session>> {
    let now = kw.clock.now();
    let mut sessions = kw
        .store
        .read(|db| sessions::living_of(db, actor.account(), now))?;
    sessions.retain(|session| !session.is_over(actor.claims().epoch, now));
    Ok(sessions)
}
