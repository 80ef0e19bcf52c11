//! Who ends sessions, revokes API keys and outdates access tokens, and tells every process of it: the
//! rows change in the transaction, and so does what all must learn (`revocation_entry.rs`).

use crate::domain::event::Event;
use crate::domain::id::{AccountId, ApiKeyId, OrganizationId, SessionId};
use crate::domain::organization::Role;
use crate::domain::refresh_rotation::Generation;
use crate::domain::session::{EndReason, Ending};
use crate::service::change::revocation_entry::{ended, entry, may_be_believed};
use crate::service::change::{Change, Held};
use crate::service::error::Result;
use crate::store::api_keys::Whose;
use crate::store::revocations::News;
use crate::store::{
    accounts, api_keys, factors, memberships, one_time_codes, organization_roles, session_ends,
    sessions,
};
use crate::support::clock::Timestamp;

impl<'t> Change<'t> {
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

    /// Ends what the account began to act for others. How many there were.
    fn end_acted_by(&mut self, account: AccountId) -> Result<usize> {
        let now = self.now;
        let acted = session_ends::end_acted_by(self, account, now)?;
        self.told.extend(acted.iter().map(|&id| ended(id, now)));
        Ok(acted.len())
    }

    /// Ends every session of the account but `keep`. Whether there was one.
    pub(in crate::service) fn end_others(
        &mut self,
        account: Held<'t, AccountId>,
        keep: SessionId,
    ) -> Result<bool> {
        let ending = self.ending(EndReason::Revoked);
        let others = session_ends::end_others(self, account.id(), keep, ending)?;
        self.ended(&others)?;
        Ok(!others.is_empty())
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
        self.end_what_lives_of(account).map(|_| ())
    }

    /// The same. Whether there was a session, of the account or one in which it acts for another.
    pub(in crate::service) fn end_what_lives_of(
        &mut self,
        account: Held<'t, AccountId>,
    ) -> Result<bool> {
        let account = account.id();
        let ending = self.ending(EndReason::Revoked);
        let least = accounts::advance_epoch(self, account, ending.at)?;
        let ended = session_ends::end_all_of(self, account, ending)?;
        let acted = self.end_acted_by(account)?;
        // Whoever asked for these may be among those who are to be out.
        one_time_codes::remove_ways_in(self, account)?;
        factors::remove_pending(self, account)?;
        self.tell(News::Epoch { account, least });
        Ok(ended + acted > 0)
    }

    /// Makes the account's access tokens outdated: what they permit was taken away.
    pub(in crate::service) fn outdate_access(&mut self, account: AccountId) -> Result<()> {
        self.outdate_tokens(account)?;
        // What they began may be what they may not do any more.
        self.end_acted_by(account).map(|_| ())
    }

    /// The same where they say of their holder what is not so any more.
    pub(in crate::service) fn outdate_tokens(&mut self, account: AccountId) -> Result<()> {
        let now = self.now;
        let least = accounts::advance_access(self, account, now)?;
        self.tell(News::Access { account, least });
        Ok(())
    }

    /// The same for everybody in the organization. They are held too, except whoever came before it was.
    pub(in crate::service) fn outdate_members(
        &mut self,
        organization: Held<'t, OrganizationId>,
    ) -> Result<()> {
        let members = memberships::accounts_in(self, organization.id())?;
        self.outdate_all(&members)
    }

    /// The same for whoever holds the role.
    pub(in crate::service) fn outdate_holders(&mut self, role: &Held<'t, Role>) -> Result<()> {
        let holders = organization_roles::holders_of(self, &role.key)?;
        self.outdate_all(&holders)
    }

    fn outdate_all(&mut self, accounts: &[AccountId]) -> Result<()> {
        for &account in accounts {
            self.outdate_access(account)?;
        }
        Ok(())
    }

    /// Tells every process that there are other signing keys.
    pub(in crate::service) fn tell_keys(&mut self) {
        self.tell(News::Keys);
    }

    fn tell(&mut self, news: News) {
        self.told.push(entry(news, self.now));
    }
}
