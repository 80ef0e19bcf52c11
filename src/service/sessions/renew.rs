//! Renewing a live token of seed O's kind from the account's present access ("this
//! call also refreshes the token"). The session's generation does not move: holders
//! of that token renew it whenever they like, as they did with the original.

use crate::domain::event::What;
use crate::domain::session::Class;
use crate::service::actor::Actor;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::mint::{TokenSet, bearer_of, mint};
use crate::store::sessions;

/// # Errors
/// `STEP_UP_REQUIRED` where a second factor is asked for that the session has not, `FORBIDDEN` for a
/// token of another class, `INVALID_TOKEN` where its session is over.
pub fn renew(kw: &Keyward, actor: &Actor) -> Result<TokenSet> {
    // Of the two routes to it one is anybody's: without a token it is a sign-in.
    actor.require_enrolled()?;
    if actor.claims().cls != Class::Oisp {
        return Err(Error::forbidden(
            "This kind of token is renewed by its refresh token.",
        ));
    }
    let actor = actor.clone();
    let (bearer, now) = kw.change(move |change| {
        let (id, now) = (actor.session(), change.now);
        let (mut session, account) = sessions::lookup(change, id)?
            .filter(|(session, account)| session.is_living(account, now))
            .ok_or_else(Error::token)?;
        session.idle_expires_at = now + change.kw.policy.idle_ttl(session.class);
        if !sessions::extend(change, id, session.idle_expires_at)? {
            return Err(Error::token());
        }
        change.record(&actor.event(What::TokenReissued))?;
        Ok((bearer_of(change, session, account)?, now))
    })?;
    mint(kw, bearer, now)
}
