//! A sign-in from a browser that the account was not signed in from before: its owner is told by
//! mail, where the operator wants it (docs/decisions/0088).

use crate::domain::account::Account;
use crate::domain::session::{Client, Mode, Session};
use crate::service::attempts::counter_keys::mark_of;
use crate::service::change::Change;
use crate::service::error::Result;
use crate::service::mail::notice;
use crate::store::{factors, sessions};
use crate::support::secret::same;

/// What came with the sign-in.
pub(super) struct Came<'a> {
    /// The marks of browsers that were shown, with spaces between them.
    pub(super) marks: Option<&'a str>,
    pub(super) client: &'a Client,
    /// Whether it is the first sign-in of the account.
    pub(super) is_first: bool,
}

/// In the transaction of the sign-in, before its session is written. A quota of mails that is used
/// up keeps nobody from signing in.
pub(super) fn tell(
    change: &mut Change<'_>,
    (account, session): (&Account, &Session),
    came: &Came<'_>,
) -> Result<()> {
    if !change.kw.policy.mail_new_sign_in || came.is_first {
        return Ok(());
    }
    let agents = sessions::agents_of(change, account.id)?;
    // Who was a guest until now signs in for the first time.
    if !agents.is_empty() && agents.iter().all(|(as_guest, _)| *as_guest) {
        return Ok(());
    }
    let known = match session.mode {
        Mode::Cookie => shows_mark(change, account, came.marks)?,
        // No cookie jar: what it calls itself is all that there is.
        Mode::Json => agents.iter().any(|(_, agent)| *agent == session.user_agent),
    };
    if known {
        return Ok(());
    }
    notice::of_new_sign_in(change, account.id, came.client)
}

fn shows_mark(change: &mut Change<'_>, account: &Account, marks: Option<&str>) -> Result<bool> {
    let factor = factors::active_of(change, account.id)?;
    let mark = mark_of(change.kw, account, factor.as_ref());
    let mut marks = marks.into_iter().flat_map(|marks| marks.split(' '));
    Ok(marks.any(|shown| same(shown.as_bytes(), mark.as_bytes())))
}
