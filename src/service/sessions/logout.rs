//! Ending a session: at once, on every route, for its access tokens too (H-28).

use crate::domain::event::{Event, What};
use crate::domain::id::SessionId;
use crate::domain::session::{Client, EndReason};
use crate::service::actor::Actor;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::authenticate::{ExpiredToken, read_expired};
use crate::store::sessions;
use crate::support::secret::{ExposeSecret as _, SecretString};

/// What a caller shows to sign out.
pub struct Shown {
    pub actor: Result<Actor>,
    /// The access token as it was sent.
    pub token: Option<SecretString>,
    pub client: Client,
}

/// Signs out by the refresh tokens. If they ended no session, the access token's session ends instead:
/// nobody must believe that a token which died long ago signed them out. Beside refresh tokens, or where
/// the caller shows by `beside` that there were others, signing out is refused for nothing.
///
/// # Errors
/// Those of the access token alone where nothing else came; where nobody can say whether the
/// session has ended, whatever came.
pub fn by_either(kw: &Keyward, tokens: &[SecretString], shown: &Shown, beside: bool) -> Result<()> {
    if by_refresh_tokens(kw, tokens, &shown.client)? {
        return Ok(());
    }
    match by_shown(kw, shown) {
        Err(error) if !beside && tokens.is_empty() => Err(error),
        Err(error) if matches!(error.code, Code::ServiceUnavailable | Code::Defect) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// By the access token that was shown, which may have ended by now: what a route takes for going on is
/// good for stopping.
///
/// # Errors
/// 401 where no route takes it.
pub fn by_shown(kw: &Keyward, shown: &Shown) -> Result<()> {
    let expired = match &shown.actor {
        Ok(actor) => return by_access_token(kw, actor),
        Err(error) if error.code == Code::TokenExpired => error,
        Err(error) => return Err(error.clone()),
    };
    let token = shown.token.as_ref().ok_or_else(|| expired.clone())?;
    by_expired_token(kw, &read_expired(kw, token)?, &shown.client)
}

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
fn by_expired_token(kw: &Keyward, token: &ExpiredToken, client: &Client) -> Result<()> {
    let claims = &token.claims;
    if kw.clock.now() >= claims.expires_at() + kw.policy.exchange_window(claims.cls) {
        return Err(Error::expired());
    }
    let found = kw.store.read(|db| sessions::lookup(db, claims.sid))?;
    let theirs = found.is_some_and(|(session, account)| {
        session.account == claims.sub
            && session.class == claims.cls
            && session.is_living(&account, kw.clock.now())
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
