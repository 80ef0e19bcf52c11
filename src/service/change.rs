//! One transaction of an act. It holds the caller, records events and ends sessions; what
//! every process must learn of it is written last and learnt after the commit, whatever the
//! act does in between.

mod held;

use std::ops::{Deref, DerefMut};

use crate::domain::account::{AccessVersion, Epoch};
use crate::domain::event::Event;
use crate::domain::id::{AccountId, ApiKeyId, OrganizationId, SessionId};
use crate::domain::rotation::Generation;
use crate::domain::session::{EndReason, Ending};
use crate::service::actor::Actor;
use crate::service::audit_row::counted_row;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::revocation_entry::{ended, entry, may_be_believed};
use crate::store::api_keys::Whose;
use crate::store::revocations::{News, Revocation};
use crate::store::{
    self, AnyConnection, accounts, api_keys, audit_events, factors, one_time_codes, organizations,
    revocations, session_ends, sessions,
};
use crate::support::clock::Timestamp;

pub(in crate::service) use held::{Caller, Held};

/// Derefs to the connection of its transaction, for the tables.
pub(in crate::service) struct Change<'a> {
    pub(in crate::service) kw: &'a Keyward,
    pub(in crate::service) now: Timestamp,
    db: &'a mut AnyConnection,
    told: Vec<Revocation>,
    /// Lines of the log.
    alarms: Vec<String>,
    mailed: bool,
}

impl Keyward {
    /// Runs an act in one transaction. The store may run it again from the start, so the
    /// act changes nothing outside the [`Change`].
    ///
    /// Revocations take a lock for all of PostgreSQL. They are written after everything
    /// else, so that the lock is held for one insert and two transactions never wait for
    /// each other.
    pub(in crate::service) fn change<T: Send + 'static>(
        &self,
        act: impl FnMut(&mut Change<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.change_or(act)
    }

    /// The same for an act whose refusals are no [`Error`] yet.
    pub(in crate::service) fn change_or<T: Send + 'static, E>(
        &self,
        mut act: impl FnMut(&mut Change<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        E: From<store::Error> + store::Transient + Send + 'static,
    {
        let (kw, now) = (self.clone(), self.clock.now());
        let (value, told, alarms, mailed) = self.store.write(move |db| {
            let mut change = Change {
                kw: &kw,
                now,
                db,
                told: Vec::new(),
                alarms: Vec::new(),
                mailed: false,
            };
            let value = act(&mut change)?;
            let Change {
                db,
                told,
                alarms,
                mailed,
                ..
            } = change;
            revocations::add_all(db, &told)?;
            Ok::<_, E>((value, told, alarms, mailed))
        })?;
        self.memory.revoked.learn(&told);
        for alarm in alarms {
            log::warn!("{alarm}");
        }
        if mailed {
            self.postman.wake();
        }
        Ok(value)
    }
}

impl<'t> Change<'t> {
    /// Holds the account. None where it is gone.
    pub(in crate::service) fn hold_account(
        &mut self,
        id: AccountId,
    ) -> Result<Option<Held<'t, AccountId>>> {
        Ok(accounts::hold(self, id)?.then(|| Held::new(id)))
    }

    /// Holds the organization. None where it is gone.
    pub(in crate::service) fn hold_organization(
        &mut self,
        id: OrganizationId,
    ) -> Result<Option<Held<'t, OrganizationId>>> {
        Ok(organizations::hold(self, id)?.then(|| Held::new(id)))
    }

    /// Adds an account, which nobody else sees before the commit: it is as good as held. None where
    /// its address or its username is another account's.
    pub(in crate::service) fn add_account(
        &mut self,
        new: &accounts::New,
    ) -> Result<Option<Held<'t, AccountId>>> {
        Ok(accounts::add(self, new)?.ok().map(|()| Held::new(new.id)))
    }

    /// Re-checks that the caller's session is active, and holds its account and session
    /// until the transaction ends. The session was checked when the request came; it may
    /// have been ended since, in the middle of a hash or in another process (R15, J25).
    ///
    /// # Errors
    /// `INVALID_TOKEN` where the session is over, or the API key was revoked; `TOKEN_EXPIRED` where
    /// something was taken since that the token still says; `FORBIDDEN` where the session acts for
    /// another.
    pub(in crate::service) fn hold_caller<'a>(
        &mut self,
        actor: &'a Actor,
    ) -> Result<Caller<'t, 'a>> {
        if let Some(key) = actor.api_key() {
            return self.hold_key(actor, key.id);
        }
        actor.require_own()?;
        if !accounts::hold(self, actor.account())? || !sessions::hold(self, actor.session())? {
            return Err(Error::token());
        }
        let now = self.now;
        let (_, account) = sessions::lookup(self, actor.session())?
            .filter(|(session, account)| session.is_living(account, now))
            .ok_or_else(Error::token)?;
        actor.require_of_now(&account)?;
        Ok(Caller {
            actor,
            account: Held::new(account.id),
        })
    }

    /// The same for who shows an API key.
    fn hold_key<'a>(&mut self, actor: &'a Actor, key: ApiKeyId) -> Result<Caller<'t, 'a>> {
        let account = actor.account();
        let held = accounts::hold(self, account)? && api_keys::hold(self, key)?;
        let account = accounts::lookup(self, account)?.filter(|account| account.enabled);
        let key = api_keys::lookup(self, key)?.filter(|key| !key.is_over(self.now));
        match (held, account, key) {
            (true, Some(account), Some(_)) => {
                actor.require_of_now(&account)?;
                Ok(Caller {
                    actor,
                    account: Held::new(account.id),
                })
            }
            _ => Err(Error::token()),
        }
    }

    /// Writes the event into the audit log; an alarm is logged as well, after the commit.
    pub(in crate::service) fn record(&mut self, event: &Event) -> Result<()> {
        if event.what.is_alarm() {
            let what = event.what.as_str();
            self.alarms.push(match (event.session, event.account) {
                (Some(session), Some(account)) => {
                    format!("{what}: session {session} of account {account}")
                }
                (Some(session), None) => format!("{what}: session {session}"),
                (None, Some(account)) => format!("{what}: account {account}"),
                (None, None) => what.to_owned(),
            });
        }
        let (kw, now) = (self.kw, self.now);
        kw.memory.unsealed.note(now.millis());
        match event.session {
            Some(session) if event.what.is_counted() => {
                audit_events::count(self, counted_row(kw, session, event, now), event, now)?;
            }
            _ => audit_events::add(self, kw.entropy.id(now), event, now)?,
        }
        Ok(())
    }

    /// Ends a session. False where it has ended already.
    pub(in crate::service) fn end(&mut self, id: SessionId, reason: EndReason) -> Result<bool> {
        self.end_but(id, reason, None)
    }

    /// The same, but not the session `keep`, whatever it was entered from.
    pub(in crate::service) fn end_but(
        &mut self,
        id: SessionId,
        reason: EndReason,
        keep: Option<SessionId>,
    ) -> Result<bool> {
        let ending = self.ending(reason);
        let did = sessions::end(self, id, ending)?;
        if did {
            self.one_ended(id, reason, keep)?;
        }
        Ok(did)
    }

    /// Ends a session that still stands as it did when it was judged. False where it does not.
    pub(in crate::service) fn end_at(
        &mut self,
        id: SessionId,
        stood: Generation,
        reason: EndReason,
    ) -> Result<bool> {
        let ending = self.ending(reason);
        let did = sessions::end_at(self, id, stood, ending)?;
        if did {
            self.one_ended(id, reason, None)?;
        }
        Ok(did)
    }

    /// For this reason, at the instant of this transaction.
    pub(in crate::service) const fn ending(&self, reason: EndReason) -> Ending {
        Ending {
            at: self.now,
            reason,
        }
    }

    /// One session has ended. What was entered from it since it began ends with it: whoever held its
    /// tokens can have made those. One that made room for another was under no suspicion.
    fn one_ended(
        &mut self,
        id: SessionId,
        reason: EndReason,
        keep: Option<SessionId>,
    ) -> Result<()> {
        let now = self.now;
        let mut all = vec![id];
        if !matches!(reason, EndReason::Displaced | EndReason::Renewed)
            && let Some((session, _)) = sessions::lookup(self, id)?
        {
            let (of, ending) = ((&session, keep), self.ending(reason));
            all.extend(session_ends::end_entered_from(self, of, ending)?);
        }
        self.told.extend(all.iter().map(|&id| ended(id, now)));
        self.end_acted_within(&all)
    }

    /// Revokes an API key, whose account is held.
    pub(in crate::service) fn revoke_key(&mut self, id: ApiKeyId) -> Result<()> {
        api_keys::remove(self, id)?;
        self.told.push(ended(id.as_session(), self.now));
        Ok(())
    }

    /// Revokes API keys, whose accounts are held, by what happens to them or their organization. How
    /// many there were.
    pub(in crate::service) fn revoke_keys(&mut self, whose: Whose, by: &Event) -> Result<usize> {
        let revoked = api_keys::remove_all(self, whose)?;
        for key in &revoked {
            self.told.push(ended(key.id.as_session(), self.now));
            self.record(&by.revoking(key))?;
        }
        Ok(revoked.len())
    }

    /// Ends what was begun by these sessions, which have ended, to act for others.
    fn end_acted_within(&mut self, by: &[SessionId]) -> Result<()> {
        let now = self.now;
        let acted = session_ends::end_acted_within(self, by, now)?;
        self.told.extend(acted.into_iter().map(|id| ended(id, now)));
        Ok(())
    }

    /// Ends what the account began to act for others.
    fn end_acted_by(&mut self, account: AccountId) -> Result<()> {
        let now = self.now;
        let acted = session_ends::end_acted_by(self, account, now)?;
        self.told.extend(acted.into_iter().map(|id| ended(id, now)));
        Ok(())
    }

    /// Ends every session of the account but `keep`.
    pub(in crate::service) fn end_others(
        &mut self,
        account: Held<'t, AccountId>,
        keep: SessionId,
    ) -> Result<()> {
        let ending = self.ending(EndReason::Revoked);
        let others = session_ends::end_others(self, account.id(), keep, ending)?;
        self.ended(&others)
    }

    /// Many sessions have ended, with their idle ends.
    fn ended(&mut self, sessions: &[(SessionId, Timestamp)]) -> Result<()> {
        let now = self.now;
        let told = sessions
            .iter()
            .filter(|(_, idle)| may_be_believed(*idle, now));
        self.told.extend(told.map(|(id, _)| ended(*id, now)));
        let ids: Vec<SessionId> = sessions.iter().map(|(id, _)| *id).collect();
        self.end_acted_within(&ids)
    }

    /// Ends every session in the organization, of this account or of everybody, and revokes every
    /// API key that is good there alone. Nobody may begin or make one meanwhile: the accounts are
    /// held.
    pub(in crate::service) fn end_in(
        &mut self,
        organization: Held<'t, OrganizationId>,
        account: Option<AccountId>,
        by: &Event,
    ) -> Result<()> {
        let ending = self.ending(EndReason::Revoked);
        let of = (organization.id(), account);
        let ended_now = session_ends::end_in(self, of, ending)?;
        self.ended(&ended_now)?;
        self.revoke_keys(Whose::In(organization.id(), account), by)
            .map(|_| ())
    }

    /// Ends every session of the account, those included that are beginning at this moment.
    pub(in crate::service) fn end_all_of(&mut self, account: Held<'t, AccountId>) -> Result<()> {
        let account = account.id();
        let ending = self.ending(EndReason::Revoked);
        let epoch = accounts::advance_epoch(self, account, ending.at)?;
        session_ends::end_all_of(self, account, ending)?;
        self.end_acted_by(account)?;
        // Whoever asked for these may be among those who are to be out.
        one_time_codes::remove_ways_in(self, account)?;
        factors::remove_pending(self, account)?;
        self.tell(News::Account {
            id: account,
            epoch,
            access_version: AccessVersion(0),
        });
        Ok(())
    }

    /// Makes the account's access tokens outdated: what they permit was taken away.
    pub(in crate::service) fn outdate_access(&mut self, account: AccountId) -> Result<()> {
        self.outdate_tokens(account)?;
        // What they began may be what they may not do any more.
        self.end_acted_by(account)
    }

    /// The same where they say of their holder what is not so any more.
    pub(in crate::service) fn outdate_tokens(&mut self, account: AccountId) -> Result<()> {
        let now = self.now;
        let access_version = accounts::advance_access(self, account, now)?;
        self.tell(News::Account {
            id: account,
            epoch: Epoch(0),
            access_version,
        });
        Ok(())
    }

    /// The same for many. They are held, and given by their ids.
    pub(in crate::service) fn outdate_all(&mut self, accounts: &[AccountId]) -> Result<()> {
        for &account in accounts {
            self.outdate_access(account)?;
        }
        Ok(())
    }

    /// Tells every process that there are other signing keys.
    pub(in crate::service) fn tell_keys(&mut self) {
        self.tell(News::Keys);
    }

    /// The outbox holds a mail of this transaction: it is sent as soon as that has committed.
    pub(in crate::service) const fn has_mailed(&mut self) {
        self.mailed = true;
    }

    fn tell(&mut self, news: News) {
        self.told.push(entry(news, self.now));
    }
}

impl Deref for Change<'_> {
    type Target = AnyConnection;
    fn deref(&self) -> &AnyConnection {
        self.db
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        self.db
    }
}
