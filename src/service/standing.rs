//! Whether the caller's session still stands at the instant at which its caller acts. The
//! token was checked when the request came; since then, in the middle of a hash or in
//! another process, the session may have been ended (R15, J25).

use crate::domain::id::{AccountId, SessionId};
use crate::service::error::{Error, Result};
use crate::store::{AnyConnection, accounts, sessions};
use crate::support::clock::Timestamp;

/// Holds the caller's account and session until the transaction ends, so that whoever ends
/// them waits. The first thing that an act does in its transaction which changes how the
/// caller signs in, or ends sessions: who was locked out changes nothing any more.
///
/// # Errors
/// `INVALID_TOKEN` where the session is over.
pub(in crate::service) fn hold(
    tx: &mut AnyConnection,
    account: AccountId,
    session: SessionId,
    now: Timestamp,
) -> Result<()> {
    accounts::hold(tx, account)?;
    if !sessions::hold(tx, session)? {
        return Err(Error::token());
    }
    sessions::lookup(tx, session)?
        .filter(|(session, account)| account.enabled && !session.is_over(account.epoch, now))
        .map(|_| ())
        .ok_or_else(Error::token)
}
