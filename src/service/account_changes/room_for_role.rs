//! Whether an account can hold one more role.

use crate::domain::id::AccountId;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::store::roles;

/// The most bytes that the names of an account's roles have: all stand in each of its tokens,
/// and in a header behind a proxy.
const MOST_NAMES: usize = 1000;

/// # Errors
/// `CONFLICT`.
pub(in crate::service) fn require_room(
    change: &mut Change<'_>,
    account: AccountId,
    role: &str,
) -> Result<()> {
    let held = roles::access_of(change, account)?.roles;
    // As a token writes them: a quote or a backslash is two.
    let written = |name: &str| name.len() + name.matches(['"', '\\']).count();
    let bytes: usize = held.iter().map(|name| written(name)).sum();
    if held.contains(role) || bytes + written(role) <= MOST_NAMES {
        return Ok(());
    }
    let message = format!(
        "The names of the account's roles have {bytes} bytes already, and {MOST_NAMES} is the \
         most, because each token names them: take a role away first, or make one role of several."
    );
    Err(Error::new(Code::Conflict, message))
}
