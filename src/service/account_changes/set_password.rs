//! Another password of an account, chosen by whoever has shown that it is theirs, and not by the
//! present one.

use crate::domain::event::Event;
use crate::domain::id::AccountId;
use crate::domain::password::PasswordRecord;
use crate::service::attempts::forgive;
use crate::service::change::{Change, Held};
use crate::service::error::Result;
use crate::store::api_keys::Whose;
use crate::store::{credentials, one_time_codes};

/// Everything that the old password opened is shut.
pub(in crate::service) fn set_password<'t>(
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
    one_time_codes::remove_all_of(change, id)?;
    change.end_all_of(id)
}
