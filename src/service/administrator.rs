//! Who administers.

use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::Username;
use crate::domain::rights::access::ADMIN;
use crate::domain::rights::assurance::Wanted;
use crate::domain::rights::reserved_usernames::is_reserved;
use crate::service::actor::{Actor, require_held};
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;

/// Somebody who may do something to accounts that are not their own: an operator, at the
/// command line of this machine, or the holder of a token with the permission, whom the guard
/// of the route has let in.
#[derive(Clone)]
pub struct Administrator {
    pub(in crate::service) kw: Keyward,
    actor: Option<Actor>,
}

/// An operator.
impl From<&Keyward> for Administrator {
    fn from(kw: &Keyward) -> Self {
        Self {
            kw: kw.clone(),
            actor: None,
        }
    }
}

impl From<(&Keyward, &Actor)> for Administrator {
    fn from((kw, actor): (&Keyward, &Actor)) -> Self {
        Self {
            kw: kw.clone(),
            actor: Some(actor.clone()),
        }
    }
}

impl Administrator {
    /// What the administrator does, for the audit log.
    pub(in crate::service) fn event(&self, what: What) -> Event {
        match &self.actor {
            Some(actor) => Event::new(what, actor.client.clone()).by(actor.account()),
            None => Event::new(what, self.kw.operator()),
        }
    }

    /// # Errors
    /// `FORBIDDEN` for an API key.
    pub(in crate::service) fn require_person(&self) -> Result<()> {
        self.actor.as_ref().map_or(Ok(()), Actor::require_person)
    }

    /// # Errors
    /// `FORBIDDEN` for an API key and a name that others take for the service's.
    pub(in crate::service) fn require_giver_of(&self, username: &Username) -> Result<()> {
        if is_reserved(username) {
            return self.require_person();
        }
        Ok(())
    }

    /// # Errors
    /// As [`Actor::require_demander`].
    pub(in crate::service) fn require_demander(&self, is_about_demand: bool) -> Result<()> {
        match &self.actor {
            Some(actor) => actor.require_demander(is_about_demand),
            None => Ok(()),
        }
    }

    /// Whether an API key was shown, and no person did it.
    pub(in crate::service) fn is_key(&self) -> bool {
        let actor = self.actor.as_ref();
        actor.is_some_and(|actor| actor.api_key().is_some())
    }

    /// # Errors
    /// `STEP_UP_REQUIRED`; `FORBIDDEN` for an API key, where the operator asks for a fresh proof.
    pub(in crate::service) fn require_fresh(&self) -> Result<()> {
        match &self.actor {
            Some(actor) => actor.require_fresh(&self.kw),
            None => Ok(()),
        }
    }

    /// # Errors
    /// `STEP_UP_REQUIRED`.
    pub(in crate::service) fn require_shown(&self, wanted: &Wanted) -> Result<()> {
        match &self.actor {
            Some(actor) => actor.require_shown(wanted, self.kw.clock.now()),
            None => Ok(()),
        }
    }

    /// What the owner of an account does by a proof of their own, no administrator does to
    /// themselves without one. `words` name the owner's way.
    ///
    /// # Errors
    /// `CONFLICT` where the account is the administrator's own.
    pub(in crate::service) fn require_others(
        &self,
        account: AccountId,
        words: &'static str,
    ) -> Result<()> {
        if self.account() == Some(account) {
            return Err(Error::new(Code::Conflict, words));
        }
        Ok(())
    }

    /// The account that administers.
    pub(in crate::service) fn account(&self) -> Option<AccountId> {
        self.actor.as_ref().map(Actor::account)
    }

    /// Holds the account, and the administrator's own.
    ///
    /// # Errors
    /// `INVALID_TOKEN` where the administrator's session is over; `NOT_FOUND` where the account is
    /// gone.
    pub(in crate::service) fn hold<'t>(
        &self,
        change: &mut Change<'t>,
        account: AccountId,
    ) -> Result<Held<'t, AccountId>> {
        let held = self.hold_all(change, [account])?.into_iter();
        let mut held = held.filter(|one| one.id() == account);
        held.next().ok_or_else(no_such_account)
    }

    /// Holds these accounts and the administrator's own, then the session that acts. One of the
    /// accounts that is gone is nobody's hindrance.
    ///
    /// # Errors
    /// `INVALID_TOKEN`.
    pub(in crate::service) fn hold_all<'t>(
        &self,
        change: &mut Change<'t>,
        accounts: impl IntoIterator<Item = AccountId>,
    ) -> Result<Vec<Held<'t, AccountId>>> {
        let held = change.hold_accounts(accounts.into_iter().chain(self.account()))?;
        self.hold_own(change)?;
        Ok(held)
    }

    /// Holds the administrator alone.
    ///
    /// # Errors
    /// `INVALID_TOKEN`.
    pub(in crate::service) fn hold_own(&self, change: &mut Change<'_>) -> Result<()> {
        match &self.actor {
            Some(actor) => hold_administrator(change, actor),
            None => Ok(()),
        }
    }
}

fn hold_administrator(change: &mut Change<'_>, actor: &Actor) -> Result<()> {
    change.hold_caller(actor)?;
    require_held(change, actor, &[ADMIN]).map(|_| ())
}

pub(in crate::service) fn no_such_account() -> Error {
    Error::new(Code::NotFound, "There is no such account.")
}
