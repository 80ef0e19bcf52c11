//! What an account may do: the roles it holds and the permissions they add up to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::id::OrganizationId;
use crate::domain::organization::OWNER;
use crate::support::clock::Timestamp;

/// The role that the bootstrap administrator and `user add --admin` receive.
pub const ADMINISTRATOR: &str = "administrator";

/// The permission of the administrator: everything.
pub const ADMIN: &str = "admin";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub roles: BTreeSet<String>,
    pub permissions: BTreeSet<String>,
    /// The role in the organization that the session is in.
    pub in_organization: Option<String>,
    /// What seed O's tokens tell of every organization of the account.
    pub accounts: Vec<OwnAccount>,
    /// From when on the session gives nothing of this without a second factor, which it lacks.
    pub factor_from: Option<Timestamp>,
}

/// An organization as seed O's tokens name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnAccount {
    pub id: OrganizationId,
    pub name: String,
    /// `admin` or `user`: seed O knows no other.
    pub role: String,
}

impl OwnAccount {
    /// Seed O's word for a role that is stored by this key.
    #[must_use]
    pub fn word(role: &str) -> &'static str {
        match role {
            OWNER | "admin" | "System Admin" => "admin",
            _ => "user",
        }
    }
}

impl Access {
    /// Whether everything in `other` is also here. The exchange asks this: what a
    /// token once held must still be held, all of it (decision 6 of the requirements). The role in
    /// the organization is one: a token names it, and whoever holds another one holds it no more.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        let accounts = |it: &OwnAccount| {
            let mut own = self.accounts.iter();
            own.any(|own| own.id == it.id && (own.role == it.role || own.role == "admin"))
        };
        let there = &other.in_organization;
        other.roles.is_subset(&self.roles)
            && (there.is_none() || *there == self.in_organization)
            && other.permissions.is_subset(&self.permissions)
            && other.accounts.iter().all(accounts)
    }

    /// Asks for a second factor from then on, where nothing does earlier.
    pub fn demand_factor(&mut self, from: Option<Timestamp>) {
        self.factor_from = self.factor_from.into_iter().chain(from).min();
    }

    /// What is left of it at that instant: nothing, where a second factor is overdue.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let factor_from = self.factor_from;
        if factor_from.is_some_and(|from| now.seconds() >= from.seconds()) {
            return Self {
                factor_from,
                ..Self::default()
            };
        }
        self
    }

    /// The one role that a token names: that in the organization, or else the first of the service.
    #[must_use]
    pub fn first_role(&self) -> Option<String> {
        let own = self.in_organization.as_ref();
        own.or_else(|| self.roles.first()).cloned()
    }

    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.permissions.contains(ADMIN)
    }
}
