//! Refreshing: a refresh token for its successor and a new access token (semantics 1).

use crate::domain::id::OrganizationId;
use crate::domain::session::{Class, Client};
use crate::service::actor::Actor;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::sessions::wanted_organization::WantedOrganization;
use crate::service::tokens::authenticate::ExpiredToken;
use crate::service::tokens::mint::{TokenSet, mint, refresh_token};
pub use crate::service::tokens::rotate_refresh_token::Outcome;
use crate::service::tokens::rotate_refresh_token::{Refused, Rotated, ToRotate, rotate};
use crate::store::sessions;
use crate::support::secret::{ExposeSecret as _, SecretString};
use crate::support::waiting::wait_for;

pub struct Request {
    pub token: SecretString,
    /// Where it is said, the session must be in it: else the token is refused, and stays good.
    pub organization: Option<WantedOrganization>,
    pub client: Client,
}

pub struct Refreshed {
    pub tokens: TokenSet,
    pub outcome: Outcome,
}

/// No, and whether the refresh token is dead for good: then a browser may forget it. The
/// token of a late tab is refused as well, but its browser may hold a better one by now.
#[derive(Debug)]
pub struct NotRefreshed {
    pub error: Error,
    pub is_final: bool,
}

impl From<Error> for NotRefreshed {
    fn from(error: Error) -> Self {
        Self {
            error,
            is_final: false,
        }
    }
}

impl From<Refused> for NotRefreshed {
    fn from(refused: Refused) -> Self {
        Self {
            error: refused.error(Error::credentials),
            is_final: matches!(refused, Refused::NotGood | Refused::Reused),
        }
    }
}

/// # Errors
/// `INVALID_CREDENTIALS` for whatever is wrong with the token, `REQUESTS_EXCEEDED`.
pub fn refresh(kw: &Keyward, request: &Request) -> Result<Refreshed, NotRefreshed> {
    wait_for(refreshing(kw, request))
}

/// The same as a future, which holds no thread while others refresh with it.
///
/// # Errors
/// As [`refresh`].
pub async fn refreshing(kw: &Keyward, request: &Request) -> Result<Refreshed, NotRefreshed> {
    turn(kw, request, None).await
}

/// Seed O's refresh: the refresh token, and beside it the old access token of the same
/// session, which may have expired.
///
/// # Errors
/// As [`refresh`].
pub fn refresh_beside(
    kw: &Keyward,
    request: &Request,
    old: &ExpiredToken,
) -> Result<Refreshed, NotRefreshed> {
    wait_for(turn(kw, request, Some(old)))
}

async fn turn(
    kw: &Keyward,
    request: &Request,
    old: Option<&ExpiredToken>,
) -> Result<Refreshed, NotRefreshed> {
    // Rule 1, syntax and tag: without the database.
    let presented = kw
        .keys
        .refresh_tokens
        .read(request.token.expose_secret())
        .filter(|token| old.is_none_or(|old| old.claims.sid == token.session))
        .ok_or(Refused::NotGood)?;
    let wanted = wanted(kw, request).await?;
    let turned = ToRotate {
        session: presented.session,
        generation: presented.generation,
        client: &request.client,
        fresh: None,
    };
    let mut is_elsewhere = false;
    let rotated = rotate(kw, &turned, |on| {
        let own = kw.keys.refresh_tokens.belongs(&presented, &on.session.salt);
        is_elsewhere = own && wanted.is_some() && wanted != on.session.organization;
        Ok(own && !is_elsewhere)
    });
    let rotated = rotated.await?;
    let on = match rotated {
        Rotated::On(on) => on,
        // The token is not spent, so no browser may forget it.
        Rotated::Refused(_) if is_elsewhere => return Err(Error::credentials().into()),
        Rotated::Refused(refused) => return Err(refused.into()),
    };
    // What was granted since the last one is in the new token, what was taken is not.
    let tokens = mint(kw, on.bearer, kw.clock.now())?;
    Ok(Refreshed {
        tokens,
        outcome: on.outcome,
    })
}

/// The organization that the session must be in. A name is looked up on the store lane, where that may
/// wait.
async fn wanted(kw: &Keyward, request: &Request) -> Result<Option<OrganizationId>> {
    match request.organization.clone() {
        None => Ok(None),
        Some(WantedOrganization::Id(id)) => Ok(Some(id)),
        Some(named) => {
            let look = move |kw: &Keyward| kw.store.read(|db| named.id(db)).map_err(Error::from);
            kw.on_store(look).await.map(Some)
        }
    }
}

/// Seed O's `POST /v1/api/auth/refresh`: the refresh token that goes with a live
/// access token of that class. Only of that class: elsewhere a script in a page could
/// turn an access token into a session.
///
/// # Errors
/// `FORBIDDEN` for another class, `INVALID_TOKEN` where the session is over.
pub fn current_refresh_token(kw: &Keyward, actor: &Actor) -> Result<SecretString> {
    if actor.claims().cls != Class::Oisp {
        return Err(Error::forbidden(
            "This kind of token gives no refresh token.",
        ));
    }
    let found = kw.store.read(|db| sessions::lookup(db, actor.session()))?;
    found
        .filter(|(session, account)| session.is_living(account, kw.clock.now()))
        .map(|(session, _)| refresh_token(kw, &session))
        .ok_or_else(Error::token)
}
