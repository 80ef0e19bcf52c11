//! Ending a session: at once, on every route, for its access tokens too (H-28).

use crate::domain::event::{Event, What};
use crate::domain::id::SessionId;
use crate::domain::session::{Client, EndReason};
use crate::service::audit::record;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::authenticate::Principal;
use crate::service::tokens::broadcast::ended;
use crate::store::{revocations, sessions};
use crate::support::secret::{ExposeSecret as _, SecretString};

/// By access token.
///
/// # Errors
/// `INVALID_TOKEN` where the session is over already; `SERVICE_UNAVAILABLE`.
pub fn by_principal(kw: &Keyward, principal: &Principal, client: &Client) -> Result<()> {
    if end(kw, principal.session(), client)? {
        Ok(())
    } else {
        Err(Error::token())
    }
}

/// By refresh token, of any generation: signing out is never refused to its holder.
/// A token that is not ours, or whose session is over, changes nothing and is no error
/// (as the original Directus).
///
/// # Errors
/// `SERVICE_UNAVAILABLE`.
pub fn by_refresh_token(kw: &Keyward, token: &SecretString, client: &Client) -> Result<()> {
    let Some(presented) = kw.refresh_tokens.read(token.expose_secret()) else {
        return Ok(());
    };
    let found = kw
        .store
        .read(|db| sessions::lookup(db, presented.session))?;
    match found {
        Some((session, _)) if kw.refresh_tokens.belongs(&presented, &session.salt) => {
            end(kw, session.id, client).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Whether this call ended it.
fn end(kw: &Keyward, id: SessionId, client: &Client) -> Result<bool> {
    let now = kw.clock.now();
    let entry = ended(id, now);
    let (inner, client) = (kw.clone(), client.clone());
    let did = kw.store.write(move |tx| {
        let Some((session, _)) = sessions::lookup(tx, id)? else {
            return Ok(false);
        };
        if !sessions::end(tx, id, now, EndReason::Logout)? {
            return Ok(false);
        }
        let event = Event::new(What::LoggedOut, client.clone());
        record(&inner, tx, &event.of(session.account).within(id), now)?;
        revocations::add(tx, entry)?;
        Ok::<_, Error>(true)
    })?;
    if did {
        kw.learn(&[entry]);
    }
    Ok(did)
}
