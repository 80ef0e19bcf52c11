//! Which of several refresh tokens of one browser is meant. A browser sends every cookie of
//! the name that it has: of two domains, of two deployments, or one that a page planted.

use crate::crypto::refresh_token::{Presented, RefreshTokens};
use crate::domain::session::Session;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::sessions;
use crate::support::secret::{ExposeSecret as _, SecretString};

/// More are not looked up: no browser has so many sessions of one account store.
const MOST: usize = 8;

/// The one to serve: the one that is ours and whose session lives. Where none does, any of
/// them, so that the refusal is the one of a single token. `None` where there is none at all.
///
/// # Errors
/// `INVALID_PAYLOAD` where the sessions of two of them live: nobody but the browser's owner
/// knows which was planted (threat C10).
pub fn choose(kw: &Keyward, tokens: Vec<SecretString>) -> Result<Option<SecretString>> {
    if tokens.len() < 2 {
        return Ok(tokens.into_iter().next());
    }
    let mut living: Option<(Presented, SecretString)> = None;
    for (presented, token) in ours(kw, &tokens).into_iter().take(MOST) {
        if !lives(kw, &presented)? {
            continue;
        }
        living = match living {
            Some((other, _)) if other.session != presented.session => {
                return Err(Error::payload(
                    "The refresh cookie was sent twice, with the tokens of two sessions: sign \
                     out, which ends both and deletes the cookie, and sign in again",
                ));
            }
            // Two of one session: the later one.
            Some((other, kept)) if other.generation >= presented.generation => Some((other, kept)),
            _ => Some((presented, token.clone())),
        };
    }
    if let Some((_, token)) = living {
        return Ok(Some(token));
    }
    let known = tokens
        .iter()
        .position(|token| RefreshTokens::has_form(token.expose_secret()));
    Ok(tokens.into_iter().nth(known.unwrap_or(0)))
}

/// Those that this Keyward gave out, by their tags.
#[must_use]
pub fn ours(kw: &Keyward, tokens: &[SecretString]) -> Vec<(Presented, SecretString)> {
    let read = |token: &SecretString| kw.keys.refresh_tokens.read(token.expose_secret());
    tokens
        .iter()
        .filter_map(|token| Some((read(token)?, token.clone())))
        .collect()
}

/// Whether the session of one of them lives.
pub fn any_lives(kw: &Keyward, tokens: &[SecretString]) -> Result<bool> {
    for (presented, _) in ours(kw, tokens).into_iter().take(MOST) {
        if lives(kw, &presented)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn lives(kw: &Keyward, presented: &Presented) -> Result<bool> {
    let found = kw
        .store
        .read(|db| sessions::lookup(db, presented.session))?;
    let own = |session: &Session| kw.keys.refresh_tokens.belongs(presented, &session.salt);
    Ok(found.is_some_and(|(session, account)| {
        own(&session) && session.is_living(&account, kw.clock.now())
    }))
}
