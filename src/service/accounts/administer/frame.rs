//! What every change of an account by an administrator has in common.

use crate::domain::event::What;
use crate::domain::id::AccountId;
use crate::service::administrator::Administrator;
use crate::service::change::Change;
use crate::service::error::Result;
use crate::service::mail::notice;

/// The account held, and one audit event, of which its owner is told.
pub(in crate::service::accounts::administer) fn change(
    by: Administrator,
    account: AccountId,
    what: What,
    mut write: impl FnMut(&mut Change<'_>) -> Result<()> + Send + 'static,
) -> Result<()> {
    let kw = by.kw.clone();
    kw.change(move |change| {
        by.hold(change, account)?;
        notice::record(change, &by.event(what).of(account))?;
        write(change)
    })
}
