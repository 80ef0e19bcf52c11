//! Another password of an account, not by the present one: chosen by whoever has shown that the account
//! is theirs, or set by an administrator.

use crate::domain::event::Event;
use crate::domain::id::AccountId;
use crate::domain::password::PasswordRecord;
use crate::service::attempts::forgive;
use crate::service::change::{Change, Held};
use crate::service::error::Result;
use crate::store::api_keys::Whose;
use crate::store::{credentials, one_time_codes};

/// Everything that the old password opened is shut. A code that proves an address, and opens nothing,
/// stays good.
pub(in crate::service) fn replace_password<'t>(
    change: &mut Change<'t>,
    account: Held<'t, AccountId>,
    record: &PasswordRecord,
    by: &Event,
) -> Result<()> {
    let (kw, now, id) = (change.kw, change.now, account.id());
    credentials::set(change, id, record, now)?;
    // Whoever was in before may have made one.
    change.revoke_keys(Whose::Account(id), by)?;
    forgive::forget(kw, change, id)?;
    change.end_all_of(account)
}

/// The same by its owner: every code that was mailed before is dead besides, what proves an address too.
pub(in crate::service) fn set_password<'t>(
    change: &mut Change<'t>,
    account: Held<'t, AccountId>,
    record: &PasswordRecord,
    by: &Event,
) -> Result<()> {
    one_time_codes::remove_all_of(change, account.id())?;
    replace_password(change, account, record, by)
}
