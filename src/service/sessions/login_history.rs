//! Who tried to sign in to the caller's account.

use crate::service::actor::Actor;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
pub use crate::store::login_attempts::Tried;
use crate::store::{AnyConnection, login_attempts};

/// So many are told.
const MOST: i64 = 100;

/// The youngest, youngest first (row Y-17).
pub fn attempts(kw: &Keyward, actor: &Actor) -> Result<Vec<Tried>> {
    let of = |db: &mut AnyConnection| login_attempts::list_of(db, actor.account(), MOST);
    Ok(kw.store.read(of)?)
}
