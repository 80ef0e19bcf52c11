//! A row that is held, as a value. Whoever must be called with the row held asks for it, and the
//! compiler sees to it: nobody has one who did not hold the row in this very transaction
//! (docs/decisions/0127).

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::ops::Deref;

use crate::domain::id::{AccountId, ApiKeyId, OrganizationId};
use crate::domain::organization::{Name, Role};
use crate::service::actor::Actor;
use crate::service::change::Change;
use crate::service::error::{Error, Result};
use crate::store::{accounts, api_keys, organization_roles, organizations, sessions};

/// The row with this id is held until the transaction `'t` ends. The lifetime stands for one
/// transaction and for no other: it is neither longer nor shorter than that of its `Change`.
#[derive(Clone, Copy)]
pub(in crate::service) struct Held<'t, Id> {
    id: Id,
    transaction: PhantomData<fn(&'t ()) -> &'t ()>,
}

impl<Id> Held<'_, Id> {
    const fn new(id: Id) -> Self {
        Self {
            id,
            transaction: PhantomData,
        }
    }
}

impl<Id: Copy> Held<'_, Id> {
    pub(in crate::service) const fn id(self) -> Id {
        self.id
    }
}

impl<'t> Held<'t, OrganizationId> {
    /// A role that the organization made, as it was read since it is held. Nobody gives, changes or
    /// removes one who does not hold its organization. None for a role of another's, or of all.
    pub(in crate::service) fn own_role(self, role: Role) -> Option<Held<'t, Role>> {
        (role.organization == Some(self.id)).then(|| Held::new(role))
    }
}

/// A role stays what it is while it is held, so it is here as a whole.
impl Deref for Held<'_, Role> {
    type Target = Role;
    fn deref(&self) -> &Role {
        &self.id
    }
}

/// Who acts, with their account and their session or API key held.
#[derive(Clone, Copy)]
pub(in crate::service) struct Caller<'t, 'a> {
    pub(in crate::service) actor: &'a Actor,
    pub(in crate::service) account: Held<'t, AccountId>,
}

impl<'t> Change<'t> {
    /// Holds the account. None where it is gone.
    pub(in crate::service) fn hold_account(
        &mut self,
        id: AccountId,
    ) -> Result<Option<Held<'t, AccountId>>> {
        Ok(accounts::hold(self, id)?.then(|| Held::new(id)))
    }

    /// Holds these accounts, in the order of their ids: two who hold each other's would wait for each
    /// other. Those that are gone are left out.
    pub(in crate::service) fn hold_accounts(
        &mut self,
        accounts: impl IntoIterator<Item = AccountId>,
    ) -> Result<Vec<Held<'t, AccountId>>> {
        let accounts = BTreeSet::from_iter(accounts).into_iter();
        let held = accounts.map(|id| self.hold_account(id));
        held.filter_map(Result::transpose).collect()
    }

    /// Holds the organization. None where it is gone.
    pub(in crate::service) fn hold_organization(
        &mut self,
        id: OrganizationId,
    ) -> Result<Option<Held<'t, OrganizationId>>> {
        Ok(organizations::hold(self, id)?.then(|| Held::new(id)))
    }

    /// Holds a role of the service, or one that every organization has. None where it is gone.
    pub(in crate::service) fn hold_role(&mut self, key: &str) -> Result<Option<Held<'t, Role>>> {
        if !organization_roles::hold(self, key)? {
            return Ok(None);
        }
        let mut all = organization_roles::list_shared(self)?.into_iter();
        Ok(all.find(|role| role.key == key).map(Held::new))
    }

    /// Adds an account, which nobody else sees before the commit: it is as good as held. None where
    /// its address or its username is another account's.
    pub(in crate::service) fn add_account(
        &mut self,
        new: &accounts::New,
    ) -> Result<Option<Held<'t, AccountId>>> {
        Ok(accounts::add(self, new)?.ok().map(|()| Held::new(new.id)))
    }

    /// The same for an organization of this first owner. None where its name is another one's.
    pub(in crate::service) fn add_organization(
        &mut self,
        owner: Held<'t, AccountId>,
        (id, name): (OrganizationId, &Name),
    ) -> Result<Option<Held<'t, OrganizationId>>> {
        let by = (owner.id(), self.now);
        let added = organizations::add(self, id, name, by)?;
        Ok(added.ok().map(|()| Held::new(id)))
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
}
