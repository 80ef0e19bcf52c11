//! The owner changes the profile.

use crate::domain::event::What;
use crate::service::accounts::edit::{self, Edit, require_unreserved};
use crate::service::actor::Actor;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::accounts;

/// # Errors
/// `CONFLICT` where the username is another account's; `INVALID_PAYLOAD` for a reserved one;
/// `INVALID_TOKEN`.
pub fn change_profile(kw: &Keyward, actor: &Actor, edit: Edit) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        if let Some(username) = &edit.username {
            // One that an administrator gave may be sent with the rest of the profile.
            let own = accounts::lookup(change, actor.account())?.and_then(|it| it.username);
            if own.as_deref() != Some(username.written()) {
                require_unreserved(username)?;
            }
        }
        edit::write(change, actor.account(), &edit)?;
        change.record(&actor.event(What::ProfileChanged))
    })
}
