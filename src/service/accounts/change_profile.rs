//! The owner changes the profile.

use crate::domain::event::What;
use crate::domain::identifier::Username;
use crate::service::accounts::profile_edit::{self, Edit, require_one_script, require_unreserved};
use crate::service::actor::Actor;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::quota;
use crate::store::{AnyConnection, accounts};

/// # Errors
/// `CONFLICT` where the username is another account's; `INVALID_PAYLOAD` for a reserved one;
/// `REQUESTS_EXCEEDED` where the caller was told of enough that are taken; `INVALID_TOKEN`.
pub fn change_profile(kw: &Keyward, actor: &Actor, edit: Edit) -> Result<()> {
    let asks = match &edit.username {
        Some(username) => asks_for(kw, actor, username)?,
        None => false,
    };
    let actor = actor.clone();
    kw.change(move |change| {
        let id = actor.account();
        let caller = change.hold_caller(&actor)?;
        if let Some(username) = &edit.username {
            // One that an administrator gave may be sent with the rest of the profile.
            let own = accounts::lookup(change, id)?.and_then(|it| it.username);
            if own.as_deref() != Some(username.written()) {
                require_unreserved(username)?;
            }
        }
        let changed = profile_edit::write(change, caller.account, &edit)?;
        if asks {
            quota::was_told_nothing(change, id, &actor.client)?;
        }
        if changed {
            change.record(&actor.event(What::ProfileChanged))?;
        }
        Ok(())
    })
}

/// Whether the caller asks for a name that is not theirs already, in other letters or not. It is
/// counted, and committed, before anybody looks whose it is: a refusal must count, and so must those
/// that come at once.
fn asks_for(kw: &Keyward, actor: &Actor, username: &Username) -> Result<bool> {
    let own = |db: &mut AnyConnection| accounts::lookup(db, actor.account());
    let own = kw.store.read(own)?.and_then(|it| it.username);
    if own.is_some_and(|own| username.matches(&own)) {
        return Ok(false);
    }
    // What nobody may choose tells of nobody.
    require_one_script(username)?;
    require_unreserved(username)?;
    let (account, client) = (actor.account(), actor.client.clone());
    if kw.change(move |change| quota::may_ask_for_name(change, account, &client))? {
        return Ok(true);
    }
    let words = "Too many usernames that are taken were asked for within an hour.";
    Err(Error::quota(words))
}
