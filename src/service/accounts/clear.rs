//! What somebody left in an account who registered an address that was not theirs.

use crate::domain::event::Event;
use crate::domain::id::AccountId;
use crate::domain::profile::Profile;
use crate::service::change::Change;
use crate::service::error::Result;
use crate::service::membership::dissolve::abandon_all;
use crate::store::api_keys::Whose;
use crate::store::{accounts, emails, factors, one_time_codes, phones, profiles, recovery_codes};

/// Whoever proves the address of an account that nobody has proven gets it empty: by a further
/// address, a code that brings one back, a second factor, a telephone or an API key the one before
/// would have a way back (L14).
pub(in crate::service) fn clear(
    change: &mut Change<'_>,
    id: AccountId,
    proven: &str,
    by: &Event,
) -> Result<()> {
    let now = change.now;
    abandon_all(change, id, by)?;
    change.revoke_keys(Whose::Account(id), by)?;
    emails::remove_others(change, id, proven)?;
    one_time_codes::remove_each_of(change, id)?;
    phones::replace(change, id, &[], now)?;
    factors::remove_all_of(change, id)?;
    recovery_codes::remove_all_of(change, id)?;
    profiles::set(change, id, &Profile::default())?;
    accounts::set_names(change, id, (None, None), now)?;
    accounts::set_terms(change, id, false, now)?;
    Ok(())
}
