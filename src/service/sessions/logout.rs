//! Ending a session: at once, on every route, for its access tokens too (H-28).

use crate::domain::event::{Event, What};
use crate::domain::id::SessionId;
use crate::domain::session::{Client, EndReason};
use crate::service::actor::Actor;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::sessions;
use crate::support::secret::{ExposeSecret as _, SecretString};

/// By access token.
///
/// # Errors
/// `INVALID_TOKEN` where the session is over already.
pub fn by_access_token(kw: &Keyward, actor: &Actor) -> Result<()> {
    if end(kw, actor.session(), &actor.client)? {
        Ok(())
    } else {
        Err(Error::token())
    }
}

/// By refresh tokens, of any generation: signing out is never refused to their holder.
/// A token that is not ours, or whose session is over, changes nothing and is no error
/// (as the original Directus). Whether any session was ended.
pub fn by_refresh_tokens(kw: &Keyward, tokens: &[SecretString], client: &Client) -> Result<bool> {
    let mut ended = false;
    for token in tokens {
        ended |= by_refresh_token(kw, token, client)?;
    }
    Ok(ended)
}

fn by_refresh_token(kw: &Keyward, token: &SecretString, client: &Client) -> Result<bool> {
    let Some(presented) = kw.keys.refresh_tokens.read(token.expose_secret()) else {
        return Ok(false);
    };
    let found = kw
        .store
        .read(|db| sessions::lookup(db, presented.session))?;
    match found {
        Some((session, _)) if kw.keys.refresh_tokens.belongs(&presented, &session.salt) => {
            end(kw, session.id, client)
        }
        _ => Ok(false),
    }
}

/// Whether this call ended it.
fn end(kw: &Keyward, id: SessionId, client: &Client) -> Result<bool> {
    let client = client.clone();
    kw.change(move |change| {
        let Some((session, _)) = sessions::lookup(change, id)? else {
            return Ok(false);
        };
        if !change.end(id, EndReason::Logout)? {
            return Ok(false);
        }
        let event = Event::new(What::LoggedOut, client.clone());
        change.record(&event.of(session.account).within(id))?;
        Ok(true)
    })
}
