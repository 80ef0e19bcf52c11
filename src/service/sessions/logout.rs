//! Ending a session: at once, on every route, for its access tokens too (H-28).

use crate::domain::event::{Event, What};
use crate::domain::id::SessionId;
use crate::domain::session::{Client, EndReason};
use crate::service::actor::Actor;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::authenticate::ExpiredToken;
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

/// By an access token that has ended, as long as a route exchanges it for another: whoever
/// may go on may stop.
///
/// # Errors
/// `TOKEN_EXPIRED` where nothing takes it any more, `INVALID_TOKEN` where the session is over.
pub fn by_expired_token(kw: &Keyward, token: &ExpiredToken, client: &Client) -> Result<()> {
    let claims = &token.claims;
    if kw.clock.now() >= claims.expires_at() + kw.policy.exchange_window(claims.cls) {
        return Err(Error::expired());
    }
    let found = kw.store.read(|db| sessions::lookup(db, claims.sid))?;
    let theirs = found.is_some_and(|(session, account)| {
        session.account == claims.sub
            && session.class == claims.cls
            && account.enabled
            && !session.is_over(claims.epoch, kw.clock.now())
            && account.epoch == claims.epoch
    });
    if theirs && end(kw, claims.sid, client)? {
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
        let mut event = Event::new(What::LoggedOut, client.clone());
        event.actor = session.acted_by.map(|(actor, _)| actor);
        change.record(&event.of(session.account).within(id))?;
        Ok(true)
    })
}
