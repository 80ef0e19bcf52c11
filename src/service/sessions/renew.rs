//! Renewing a live token of seed O's kind from the account's present access ("this
//! call also refreshes the token"). The session's generation does not move: holders
//! of that token renew it whenever they like, as they did with the original.

use crate::domain::event::{Event, What};
use crate::domain::session::{Class, Client};
use crate::service::audit::record;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::authenticate::Principal;
use crate::service::tokens::mint::{TokenSet, mint};
use crate::store::{roles, sessions};

/// # Errors
/// `FORBIDDEN` for a token of another class, `INVALID_TOKEN` where its session is over.
pub fn reissue(kw: &Keyward, principal: &Principal, client: &Client) -> Result<TokenSet> {
    if principal.claims.cls != Class::Oisp {
        return Err(Error::forbidden(
            "This kind of token is renewed by its refresh token.",
        ));
    }
    let now = kw.clock.now();
    let id = principal.session();
    let (inner, client) = (kw.clone(), client.clone());
    let (session, account, access) = kw.store.write(move |tx| {
        let kw = &inner;
        let (mut session, account) = sessions::lookup(tx, id)?
            .filter(|(session, account)| account.enabled && !session.is_over(account.epoch, now))
            .ok_or_else(Error::token)?;
        session.idle_expires_at = now + kw.policy.idle_ttl(session.class);
        if !sessions::extend(tx, id, session.idle_expires_at)? {
            return Err(Error::token());
        }
        let access = roles::access_of(tx, account.id)?;
        let event = Event::new(What::TokenReissued, client.clone());
        record(kw, tx, &event.of(account.id).within(id), now)?;
        Ok((session, account, access))
    })?;
    mint(kw, &session, &account, access, now)
}
