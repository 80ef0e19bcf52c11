//! What somebody left in an account who registered an address that was not theirs.

use crate::domain::event::Event;
use crate::domain::id::AccountId;
use crate::domain::mail_letter::Values;
use crate::domain::profile::Profile;
use crate::service::change::{Change, Held};
use crate::service::error::{Error, Result};
use crate::service::membership::dissolve::abandon_all;
use crate::store::api_keys::Whose;
use crate::store::{
    accounts, credentials, emails, factors, one_time_codes, phones, profiles, recovery_codes,
};

/// Whoever proves the address of an account that nobody has proven gets it empty: by a further
/// address, a code that brings one back, a second factor, a telephone or an API key the one before
/// would have a way back (L14). An organization that nobody else owns stays its: what others made with
/// it is not a stranger's to delete (O5). Gives what the letter about it says.
pub(in crate::service) fn empty_and_prove<'t>(
    change: &mut Change<'t>,
    account: Held<'t, AccountId>,
    proven: &str,
    by: &Event,
) -> Result<Values> {
    let values = clear(change, account, proven, by)?;
    let now = change.now;
    if !emails::verify(change, account.id(), proven, now)? {
        return Err(Error::one_time_code());
    }
    Ok(values)
}

fn clear<'t>(
    change: &mut Change<'t>,
    account: Held<'t, AccountId>,
    proven: &str,
    by: &Event,
) -> Result<Values> {
    let (now, id) = (change.now, account.id());
    if !was_entered(change, id)? {
        return Ok(Values::default());
    }
    abandon_all(change, account, by)?;
    change.revoke_keys(Whose::Account(id), by)?;
    emails::remove_others(change, id, proven)?;
    one_time_codes::remove_each_of(change, id)?;
    phones::replace(change, id, &[], now)?;
    factors::remove_all_of(change, id)?;
    recovery_codes::remove_all_of(change, id)?;
    profiles::set(change, id, &Profile::default())?;
    // The one before would be told of by it to whoever asks a proxy.
    accounts::names::remove_username(change, id, now)?;
    accounts::set_names(change, id, (None, None), now)?;
    accounts::set_terms(change, id, false, now)?;
    Ok(Values::from([("emptied", "yes")]))
}

/// Whether somebody was in the account, or could be. What an administrator filled, and nobody ever had
/// a password to, holds nothing of a stranger's.
fn was_entered(change: &mut Change<'_>, id: AccountId) -> Result<bool> {
    let account = accounts::lookup(change, id)?;
    let did = account.is_some_and(|account| account.last_login_at.is_some());
    Ok(did || credentials::lookup(change, id)?.is_some())
}
