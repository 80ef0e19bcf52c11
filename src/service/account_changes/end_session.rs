//! One session of an account, ended by hand: by its owner or by an administrator.

use crate::domain::id::{AccountId, SessionId};
use crate::domain::session::EndReason;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::store::sessions;

/// Ends it, but not the session `keep`, whatever that was entered from.
///
/// # Errors
/// `NOT_FOUND` where the account has no such living session: another's is no different from one that
/// never was.
pub(in crate::service) fn end_session<'t>(
    change: &mut Change<'t>,
    account: Held<'t, AccountId>,
    session: SessionId,
    keep: Option<SessionId>,
) -> Result<()> {
    let now = change.now;
    let found = sessions::lookup(change, session)?;
    let lives = found.is_some_and(|(session, owner)| {
        owner.id == account.id() && !session.is_over(owner.epoch, now)
    });
    if lives && change.end_but(session, EndReason::Revoked, keep)? {
        return Ok(());
    }
    Err(Error::new(Code::NotFound, "There is no such session."))
}
