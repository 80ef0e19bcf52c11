//! What an access token states (RFC 7519 section 4). A struct without a map beside it: a
//! repeated or mistyped claim is no token of ours (threats D4, J13, J16, J20), and one that
//! this binary does not know is nowhere kept, so nothing can be smuggled in. It is not
//! refused: while replicas are upgraded one by one, the older must take the younger's
//! tokens (docs/decisions/0018).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::account::{AccessVersion, Epoch};
use crate::domain::id::{AccountId, OrganizationId, SessionId};
use crate::domain::rights::access::{Access, OwnAccount};
use crate::domain::session::{Class, Method};
use crate::support::clock::Timestamp;

/// The longest that any setting lets an access token live. A process knows its own
/// settings and not those of others on the same database: what must outlast every token
/// goes by this (J23).
pub const LONGEST_LIFE: Duration = Duration::from_secs(7 * 86_400);

/// How much later than `exp` a token still passes, for clocks that differ (J15).
pub const LEEWAY_SECONDS: i64 = 5;

/// How far in the future `iat` or `nbf` may lie (J14).
const AHEAD_SECONDS: i64 = 60;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: AccountId,
    pub sid: SessionId,
    pub jti: Uuid,
    /// Seconds since 1970, like every time here (RFC 7519 `NumericDate`).
    pub iat: i64,
    pub exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Generation of the session that it belongs to (semantics 1).
    #[serde(rename = "gen")]
    pub generation: u32,
    /// The account's epoch and access version when it was signed.
    pub epoch: Epoch,
    pub acv: AccessVersion,
    /// Token class: `standard` or `oisp`.
    pub cls: Class,
    pub roles: Vec<String>,
    pub permissions: Vec<String>,
    /// Instead of what applications ask for, where all of it would make the token too long: the
    /// digest of the whole list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perm_ref: Option<String>,
    /// How, how well and when its holder signed in (RFC 8176, NIST SP 800-63B).
    pub amr: Vec<Method>,
    pub aal: u8,
    pub auth_time: i64,
    /// From when on a second factor is asked of the holder, whose session has none: the token
    /// opens nothing then but what switches one on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa_from: Option<i64>,
    /// The organization that the session is in; `role` is the holder's there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<OrganizationId>,
    /// Every organization of the account, as seed O's tokens tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<OwnAccount>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anon: bool,
    /// Who acts for the holder (RFC 8693 section 4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Acting>,
    /// Names (OpenID Connect Core section 5.1), so that a proxy's question "who is it"
    /// needs no database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What Directus writes into its own tokens; its extensions read these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_access: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_access: Option<bool>,
}

/// The administrator who acts for the holder of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acting {
    pub sub: AccountId,
}

/// Who may have issued a token, for whom, and how long it may live at the most.
#[derive(Clone, Debug)]
pub struct Expected {
    pub issuer: String,
    pub audience: String,
    pub longest_life_seconds: i64,
}

/// Why rightly signed claims are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Anything but its age.
    Wrong,
    Expired,
}

impl Claims {
    /// Everything that is checked of a rightly signed token.
    ///
    /// # Errors
    /// [`Fault::Wrong`], or [`Fault::Expired`] where only its age speaks against it.
    pub fn check(&self, expected: &Expected, now: Timestamp) -> Result<(), Fault> {
        self.check_but_age(expected, now)?;
        if now.seconds() >= self.exp.saturating_add(LEEWAY_SECONDS) {
            return Err(Fault::Expired);
        }
        Ok(())
    }

    /// Everything except `exp` against now: for the exchange alone (semantics 2).
    ///
    /// # Errors
    /// [`Fault::Wrong`].
    pub fn check_but_age(&self, expected: &Expected, now: Timestamp) -> Result<(), Fault> {
        let latest = now.seconds() + AHEAD_SECONDS;
        let life = self.exp.saturating_sub(self.iat);
        let right = self.iss == expected.issuer
            && self.aud == expected.audience
            && self.iat >= 0
            && self.iat <= latest
            && self.nbf.is_none_or(|nbf| nbf <= latest)
            && life > 0
            && life <= expected.longest_life_seconds;
        if right { Ok(()) } else { Err(Fault::Wrong) }
    }

    #[must_use]
    pub fn access(&self) -> Access {
        Access {
            roles: self.roles.iter().cloned().collect(),
            permissions: self.permissions.iter().cloned().collect(),
            in_organization: self.org.and_then(|_| self.role.clone()),
            accounts: self.accounts.clone(),
            factor_from: self.mfa_from.map(Timestamp::from_seconds),
        }
    }

    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.exp)
    }
}
