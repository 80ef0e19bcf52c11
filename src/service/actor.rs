//! Who acts.

use std::sync::Arc;

use crate::domain::access::Access;
use crate::domain::account::Account;
use crate::domain::api_key::ApiKey;
use crate::domain::assurance::Wanted;
use crate::domain::claims::{Acting, Claims};
use crate::domain::event::{Event, What};
use crate::domain::id::{AccountId, SessionId};
use crate::domain::principal::Principal;
use crate::domain::session::Client;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::store::{AnyConnection, accounts, roles};
use crate::support::clock::Timestamp;

/// Who acts in one request: the holder of a live access token or of an API key, from where, and
/// in which browser. A route of the signed-in hands one to its handler; there is no other way to it.
#[derive(Clone, Debug)]
pub struct Actor {
    pub principal: Arc<Principal>,
    pub client: Client,
    /// When the request came.
    pub at: Timestamp,
}

impl Actor {
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.principal.claims
    }

    #[must_use]
    pub fn account(&self) -> AccountId {
        self.principal.account()
    }

    #[must_use]
    pub fn session(&self) -> SessionId {
        self.principal.session()
    }

    /// The key that was shown, where no token was.
    #[must_use]
    pub fn api_key(&self) -> Option<&ApiKey> {
        self.principal.api_key()
    }

    /// # Errors
    /// `FORBIDDEN` for an API key.
    pub fn require_person(&self) -> Result<()> {
        match self.api_key() {
            None => Ok(()),
            Some(_) => Err(Error::for_persons()),
        }
    }

    /// A demand of a second factor is made and lifted by a person: who found a key may know a password
    /// besides (docs/decisions/0178).
    ///
    /// # Errors
    /// `FORBIDDEN` for an API key, where what it changes is a demand.
    pub(in crate::service) fn require_demander(&self, is_about_demand: bool) -> Result<()> {
        if is_about_demand {
            self.require_person()?;
        }
        Ok(())
    }

    /// Whether the actor may use this permission, where the account has it: an API key may be of a
    /// smaller scope.
    #[must_use]
    pub fn is_let(&self, permission: &str) -> bool {
        self.api_key().is_none_or(|key| key.may(permission))
    }

    /// The actor may name their own account, and nobody else's.
    ///
    /// # Errors
    /// `NOT_FOUND`, whether the id is another's or nobody's.
    pub fn require_self(&self, id: &str) -> Result<()> {
        let own = id == self.account().to_string();
        own.then_some(()).ok_or_else(Error::no_such_account)
    }

    /// Whoever acts for another may look, and change nothing: credentials, sessions and
    /// memberships that they leave behind would outlast the hour that they have.
    ///
    /// # Errors
    /// `FORBIDDEN` where the token acts for another.
    pub fn require_own(&self) -> Result<()> {
        if self.claims().act.is_some() {
            return Err(Error::forbidden(
                "This token acts for another account: it may look, and nothing else. What is to \
                 be changed, the owner of the account changes, or an administrator by /admin.",
            ));
        }
        Ok(())
    }

    /// Whether the holder of the token showed who they are as well as `wanted`, and as lately.
    ///
    /// # Errors
    /// `STEP_UP_REQUIRED`.
    pub fn require_shown(&self, wanted: &Wanted, now: Timestamp) -> Result<()> {
        let claims = self.claims();
        if wanted.is_met(claims.aal, claims.auth_time, now) {
            return Ok(());
        }
        Err(Error::step_up(wanted.clone()))
    }

    /// Whether whoever acts showed lately who they are, where the operator asks for it before
    /// what makes others powerful. A key was never shown by anybody in person.
    ///
    /// # Errors
    /// `STEP_UP_REQUIRED`; `FORBIDDEN` for an API key.
    pub fn require_fresh(&self, kw: &Keyward) -> Result<()> {
        let most = kw.policy.step_up_max_age;
        if most.is_zero() {
            return Ok(());
        }
        self.require_person()?;
        self.require_shown(&Wanted::within(most), kw.clock.now())
    }

    /// Where a role or the organization of the session asks for a second factor by now, a session
    /// without one opens nothing but what switches one on.
    ///
    /// # Errors
    /// `STEP_UP_REQUIRED`.
    pub fn require_enrolled(&self) -> Result<()> {
        let due = self.claims().mfa_from;
        if due.is_some_and(|due| self.at.seconds() >= due) {
            return Err(Error::no_factor());
        }
        Ok(())
    }

    /// The guard read the token when the head of the request came. A body, a hash and a lock are
    /// waited for after it, and whatever was taken from the account meanwhile must count in the deed.
    ///
    /// # Errors
    /// `TOKEN_EXPIRED`.
    pub(in crate::service) fn require_of_now(&self, account: &Account) -> Result<()> {
        if account.access_version > self.claims().acv {
            return Err(Error::expired());
        }
        Ok(())
    }

    /// # Errors
    /// `FORBIDDEN` for a guest.
    pub fn require_account(&self) -> Result<()> {
        if self.claims().anon {
            return Err(Error::forbidden(
                "This needs an account: register or sign in first.",
            ));
        }
        Ok(())
    }

    /// # Errors
    /// `FORBIDDEN` without the permission.
    pub fn require(&self, permission: &str) -> Result<()> {
        self.require_one(&[permission])
    }

    /// One of them is enough; the first is named.
    ///
    /// # Errors
    /// `FORBIDDEN` without any.
    pub fn require_one(&self, permissions: &[&str]) -> Result<()> {
        let held = &self.claims().permissions;
        if held.iter().any(|it| permissions.contains(&it.as_str())) {
            return Ok(());
        }
        let named = permissions.first().unwrap_or(&"");
        let message = format!("This needs the permission \"{named}\".");
        Err(Error::new(Code::Forbidden, message))
    }

    /// What this actor does, for the audit log.
    #[must_use]
    pub(in crate::service) fn event(&self, what: What) -> Event {
        let mut event = Event::new(what, self.client.clone())
            .of(self.account())
            .within(self.session());
        event.actor = self.claims().act.as_ref().map(|Acting { sub }| *sub);
        event
    }
}

impl Actor {
    /// What this actor does to another's account.
    #[must_use]
    pub(in crate::service) fn event_about(&self, what: What, account: AccountId) -> Event {
        Event::new(what, self.client.clone())
            .of(account)
            .by(self.account())
    }
}

/// The actor's account, read now.
///
/// # Errors
/// `INVALID_TOKEN` where the account is gone or disabled.
pub fn account_of(kw: &Keyward, actor: &Actor) -> Result<Account> {
    kw.store
        .read(|db| accounts::lookup(db, actor.account()))?
        .filter(|account| is_theirs(account, actor))
        .ok_or_else(Error::token)
}

/// Whether the account still believes the actor's token. A key does not end with sessions.
pub(in crate::service) fn is_theirs(account: &Account, actor: &Actor) -> bool {
    let same = actor.api_key().is_some() || account.epoch == actor.claims().epoch;
    account.enabled && same
}

/// Whether the caller, who is held, has one of these words of the whole service by the database:
/// the guard of the route believed the token, before the body came. The first is named. Gives what
/// the account may do.
///
/// # Errors
/// `FORBIDDEN` without any.
pub(in crate::service) fn require_held(
    db: &mut AnyConnection,
    actor: &Actor,
    words: &[&str],
) -> Result<Access> {
    let access = roles::access_of(db, actor.account())?;
    if access.lets(words, actor.api_key()) {
        return Ok(access);
    }
    let named = words.first().unwrap_or(&"");
    let message = format!("This needs the permission \"{named}\".");
    Err(Error::new(Code::Forbidden, message))
}
