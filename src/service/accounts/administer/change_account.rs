//! What every change of an account by an administrator has in common.

use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::service::administrator::Administrator;
use crate::service::change::{Change, Held};
use crate::service::error::Result;
use crate::service::mail::notice;

/// The account held, and one audit event, of which its owner is told, where `write` says that it
/// changed something: what did not happen stands in no log. Whether it did.
pub(in crate::service::accounts::administer) fn change(
    by: Administrator,
    account: AccountId,
    what: What,
    write: impl for<'t> FnMut(&mut Change<'t>, Held<'t, AccountId>) -> Result<bool> + Send + 'static,
) -> Result<bool> {
    let event = by.event(what);
    change_by(by, account, event, write)
}

/// The same by an event that says more.
pub(in crate::service::accounts::administer) fn change_by(
    by: Administrator,
    account: AccountId,
    event: Event,
    mut write: impl for<'t> FnMut(&mut Change<'t>, Held<'t, AccountId>) -> Result<bool> + Send + 'static,
) -> Result<bool> {
    let (kw, event) = (by.kw.clone(), event.of(account));
    kw.change(move |change| {
        let held = by.hold(change, account)?;
        let changed = write(change, held)?;
        if changed {
            notice::record(change, &event)?;
        }
        Ok(changed)
    })
}
