//! An account: who can log in. Registered, or anonymous until it registers.

use serde::{Deserialize, Serialize};
use strum::Display;

use crate::domain::id::AccountId;
use crate::support::clock::Timestamp;

/// Goes up when every session of the account must end. A session or token of an older epoch is
/// dead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Epoch(pub i64);

/// Goes up when something was taken away from the account. A token of an older version is
/// refused; a refresh gives one of the present version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccessVersion(pub i64);

/// Whose an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, Serialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum AccountKind {
    Person,
    Guest,
    /// A program's.
    Machine,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    /// As written by its owner; mail goes here, never to what somebody typed.
    pub email: Option<String>,
    pub username: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub anonymous: bool,
    /// A program's: it has API keys, and nobody signs in to it.
    pub machine: bool,
    pub enabled: bool,
    /// Whether the e-mail address was proven (row O-26).
    pub verified: bool,
    /// Whether terms and conditions were accepted (row O-25).
    pub terms_accepted: bool,
    pub epoch: Epoch,
    pub access_version: AccessVersion,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<AccountId>,
    pub last_login_at: Option<Timestamp>,
}

impl Account {
    /// Somebody without a name, who came now.
    #[must_use]
    pub const fn guest(id: AccountId, now: Timestamp) -> Self {
        Self {
            id,
            email: None,
            username: None,
            first_name: None,
            last_name: None,
            anonymous: true,
            machine: false,
            enabled: true,
            verified: false,
            terms_accepted: false,
            epoch: Epoch(0),
            access_version: AccessVersion(0),
            created_at: now,
            updated_at: now,
            created_by: None,
            last_login_at: Some(now),
        }
    }

    /// Whether somebody may sign in to it.
    #[must_use]
    pub const fn may_sign_in(&self) -> bool {
        self.enabled && !self.anonymous && !self.machine
    }

    /// Whose it is.
    #[must_use]
    pub const fn kind(&self) -> AccountKind {
        if self.machine {
            AccountKind::Machine
        } else if self.anonymous {
            AccountKind::Guest
        } else {
            AccountKind::Person
        }
    }

    /// What to call it in a line of text.
    #[must_use]
    pub fn label(&self) -> &str {
        self.email
            .as_deref()
            .or(self.username.as_deref())
            .unwrap_or("(guest)")
    }

    /// First and last name, where there are any.
    #[must_use]
    pub fn full_name(&self) -> String {
        [self.first_name.as_deref(), self.last_name.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
    }
}
