//! A session: one sign-in on one client, active or ended. Its refresh tokens are
//! computed from `salt` and `gen`; nothing of them is stored.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::domain::account::{Account, Epoch};
use crate::domain::id::{AccountId, OrganizationId, SessionId};
use crate::domain::refresh_rotation::Generation;
use crate::support::clock::Timestamp;

/// Which family of tokens a session gives: it decides their lifetimes (decision 3)
/// and whether a refresh token goes with them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "lowercase", try_from = "String")]
#[strum(serialize_all = "lowercase")]
pub enum Class {
    /// A short access token with a refresh token: Directus, and Keyward's own.
    Standard,
    /// One long token, which is its own way to go on: seed O.
    Oisp,
}

/// Where the client keeps its refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Mode {
    Json,
    Cookie,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum EndReason {
    Logout,
    /// A refresh token came back that its client had already replaced: theft.
    Reuse,
    /// Its owner, an administrator or the command line ended it.
    Revoked,
    /// The account began more sessions than it may have; this was idle for the longest.
    Displaced,
    /// The same account signed in anew in its browser.
    Renewed,
}

/// Serde's own reading takes `{"standard": null}` for the word as well.
impl TryFrom<String> for Class {
    type Error = strum::ParseError;

    fn try_from(word: String) -> Result<Self, strum::ParseError> {
        word.parse()
    }
}

impl Class {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Mode {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl EndReason {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One way to prove who one is. The words are an open list (RFC 8176): one that a younger
/// replica wrote is kept and passed on, so this is no enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Method(Cow<'static, str>);

impl Method {
    pub const PASSWORD: Self = Self(Cow::Borrowed("pwd"));
    /// A code of an authenticator.
    pub const OTP: Self = Self(Cow::Borrowed("otp"));
    /// A recovery code. RFC 8176 has no word for it.
    pub const RECOVERY: Self = Self(Cow::Borrowed("recovery"));

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Method {
    fn from(word: &str) -> Self {
        Self(Cow::Owned(word.to_owned()))
    }
}

/// How a client proved who it is, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    pub methods: Vec<Method>,
    /// Authentication assurance level: 1 or 2 (NIST SP 800-63B), and 0 of a guest.
    pub level: u8,
    pub at: Timestamp,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub account: AccountId,
    pub organization: Option<OrganizationId>,
    pub anonymous: bool,
    pub mode: Mode,
    pub class: Class,
    pub authentication: Authentication,
    pub created_at: Timestamp,
    pub salt: [u8; 32],
    pub generation: Generation,
    pub idle_expires_at: Timestamp,
    pub absolute_expires_at: Timestamp,
    /// The account's epoch when the session began.
    pub account_epoch: Epoch,
    pub user_agent: Option<String>,
    pub address: Option<IpAddr>,
    /// Where an administrator acts for the account: their account and session. Such a session
    /// has no refresh token.
    pub acted_by: Option<(AccountId, SessionId)>,
    /// Where it was entered from another one: the session that its sign-in began.
    pub entered_from: Option<SessionId>,
    pub ended: Option<Ending>,
}

/// When and why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    pub at: Timestamp,
    pub reason: EndReason,
}

/// All but the salt: with the key it makes refresh tokens.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = (
            &self.account,
            &self.organization,
            self.anonymous,
            self.mode,
            self.class,
            &self.authentication,
        );
        let ends = (self.idle_expires_at, self.absolute_expires_at);
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("of", &row)
            .field("created_at", &self.created_at)
            .field("generation", &self.generation)
            .field("expires_at", &ends)
            .field("account_epoch", &self.account_epoch)
            .field("client", &(&self.user_agent, &self.address))
            .field("by", &(&self.acted_by, &self.entered_from))
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// The session that the sign-in began: this one, or that from which it was entered.
    #[must_use]
    pub fn signed_in(&self) -> SessionId {
        self.entered_from.unwrap_or(self.id)
    }

    /// Rule 2 of semantics 1: ended, idle for too long, past its absolute end, or of
    /// an epoch that the account has left.
    #[must_use]
    pub fn is_over(&self, account_epoch: Epoch, now: Timestamp) -> bool {
        self.ended.is_some()
            || self.account_epoch != account_epoch
            || now >= self.idle_expires_at
            || now >= self.absolute_expires_at
    }

    /// Whether somebody may go on with it: it is not over, and its account is enabled.
    #[must_use]
    pub fn is_living(&self, account: &Account, now: Timestamp) -> bool {
        account.enabled && !self.is_over(account.epoch, now)
    }
}

/// Who calls, as far as the connection tells: for the session list and the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    pub address: Option<IpAddr>,
    /// Whether that address is one of our own proxies': a sidecar, not a client.
    pub internal: bool,
    pub user_agent: Option<String>,
}

/// Who runs a command of Keyward's, as the operating system tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    pub uid: u32,
    /// What the environment says: anybody may write there, so it stands beside the number
    /// and never in its place.
    pub name: Option<String>,
    /// Who became that user by `sudo`.
    pub sudo: Option<String>,
}

impl Operator {
    /// In the place of a browser's user agent: `operator uid=0 name=root sudo=alice`.
    #[must_use]
    pub fn client(&self) -> Client {
        let mut text = format!("operator uid={}", self.uid);
        for (label, name) in [("name", &self.name), ("sudo", &self.sudo)] {
            if let Some(name) = name {
                let name = name.chars().filter(char::is_ascii_graphic).take(64);
                text.extend([" ", label, "="]);
                text.extend(name);
            }
        }
        Client {
            user_agent: Some(text),
            ..Client::default()
        }
    }
}
