//! How many guests one household may begin (A4).

use crate::domain::guess_limit::Kind;
use crate::domain::session::Client;
use crate::service::attempts::counter_keys::keys_around;
use crate::service::attempts::guess_budget::count;
use crate::service::change::Change;
use crate::service::error::Result;

/// Counts a guest who is about to begin. Where nothing comes of it, nothing is counted:
/// both are one transaction.
///
/// # Errors
/// `REQUESTS_EXCEEDED`.
pub(in crate::service) fn count_guest(change: &mut Change<'_>, client: &Client) -> Result<()> {
    let kinds = [Kind::Guest, Kind::GuestNetwork, Kind::GuestSite];
    let now = change.now;
    for (key, kind) in keys_around(change.kw, client, "guest", kinds) {
        count(change, &key, kind, now)?;
    }
    Ok(())
}
