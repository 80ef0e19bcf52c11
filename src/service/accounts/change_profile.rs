//! The owner changes the profile.

use crate::domain::event::What;
use crate::service::accounts::edit::{self, Edit};
use crate::service::actor::Actor;
use crate::service::error::Result;
use crate::service::keyward::Keyward;

/// # Errors
/// `CONFLICT` where the username is another account's; `INVALID_TOKEN`.
pub fn change_profile(kw: &Keyward, actor: &Actor, edit: Edit) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        edit::write(change, actor.account(), &edit)?;
        change.record(&actor.event(What::ProfileChanged))
    })
}
