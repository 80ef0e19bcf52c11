//! What an administrator may know of somebody's account.

use crate::domain::identifier::Identifier;
use crate::domain::rights::access::ADMIN;
use crate::domain::rights::permission::ACCOUNT_READ;
use crate::service::accounts::profile::{Person, whole};
use crate::service::actor::Actor;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::{accounts, profiles};

/// The account of that name or address, where there is one that is registered. What can be no
/// name of ours is one that nobody has.
///
/// # Errors
/// `FORBIDDEN` without the permission.
pub fn look_up(kw: &Keyward, actor: &Actor, who: Option<&Identifier>) -> Result<Option<Person>> {
    actor.require_one(&[ACCOUNT_READ, ADMIN])?;
    let Some(who) = who else { return Ok(None) };
    kw.store.read(|db| {
        let Some(account) = accounts::find_by_identifier(db, who)? else {
            return Ok(None);
        };
        let profile = profiles::lookup(db, account.id)?;
        whole(db, account, profile).map(Some)
    })
}
