//! What a sign-in takes the place of: the sessions whose tokens came along.

use crate::crypto::refresh_token::Presented;
use crate::domain::event::{Event, What};
use crate::domain::id::{AccountId, SessionId};
use crate::domain::session::{Client, EndReason, Session};
use crate::service::change::Change;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::service::sessions::which_refresh_token;
use crate::service::tokens::authenticate::ExpiredToken;
use crate::store::sessions;
use crate::support::secret::SecretString;

/// No browser has more sessions of one account store.
const MOST: usize = 8;

pub(in crate::service::sessions) struct Replaced {
    /// By the tokens of cookies, as far as they are ours.
    by_cookie: Vec<Presented>,
    /// By an access token that says that it is a guest's.
    guest: Option<SessionId>,
}

impl Replaced {
    pub(in crate::service::sessions) fn of(
        kw: &Keyward,
        cookies: &[SecretString],
        token: Option<&ExpiredToken>,
    ) -> Self {
        let ours = which_refresh_token::ours(kw, cookies).into_iter();
        let claims = token.map(|token| &token.claims);
        Self {
            by_cookie: ours.map(|(token, _)| token).take(MOST).collect(),
            guest: claims.and_then(|claims| claims.anon.then_some(claims.sid)),
        }
    }

    /// Ends each session that this browser had of the account that signs in, whatever else
    /// came beside its cookie. Another account's goes on: whoever lends out a browser does not
    /// sign its owner out by it.
    pub(in crate::service::sessions) fn end_own(
        &self,
        change: &mut Change<'_>,
        (account, client): (AccountId, &Client),
    ) -> Result<()> {
        for session in self.shown(change)? {
            if session.account == account && change.end(session.id, EndReason::Renewed)? {
                let event = Event::new(What::SessionsRevoked, client.clone());
                change.record(&event.of(account).within(session.id))?;
            }
        }
        Ok(())
    }

    /// Ends the sessions of the guests that came along (A7). Whose the first of them was.
    pub(in crate::service::sessions) fn end_guests(
        &self,
        change: &mut Change<'_>,
        (account, client): (AccountId, &Client),
    ) -> Result<Option<AccountId>> {
        let mut guests = self.shown(change)?;
        if let Some(id) = self.guest {
            let found = sessions::lookup(change, id)?;
            guests.splice(0..0, found.map(|(session, _)| session));
        }
        let mut first = None;
        for guest in guests.iter().filter(|session| session.anonymous) {
            if change.end(guest.id, EndReason::Renewed)? {
                // Both are named: the account, and the guest by the session.
                let event = Event::new(What::GuestSignedIn, client.clone());
                change.record(&event.of(account).within(guest.id))?;
                first = first.or(Some(guest.account));
            }
        }
        Ok(first)
    }

    /// The sessions of the cookies whose tokens are their own.
    fn shown(&self, change: &mut Change<'_>) -> Result<Vec<Session>> {
        let mut shown = Vec::new();
        for token in &self.by_cookie {
            let found = sessions::lookup(change, token.session)?;
            let ours = &change.kw.keys.refresh_tokens;
            let own = found.filter(|(session, _)| ours.belongs(token, &session.salt));
            shown.extend(own.map(|(session, _)| session));
        }
        Ok(shown)
    }
}
