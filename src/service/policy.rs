//! The operator's decisions, as far as acts need them.

use std::collections::BTreeSet;
use std::time::Duration;

use url::Url;

use crate::config::settings::registration::{Makers, Who};
use crate::domain::account::Account;
use crate::domain::algorithm::Algorithm;
use crate::domain::claims::Expected;
use crate::domain::one_time_code::CodePurpose;
use crate::domain::redirect::Allowed;
use crate::domain::refresh_rotation;
use crate::domain::rights::acting::ACTING;
use crate::domain::rights::permission::is_own;
use crate::domain::session::{Class, Session};

#[derive(Clone, Debug)]
pub struct Policy {
    pub issuer: String,
    pub audience: String,
    pub algorithm: Algorithm,
    pub access_ttl: Duration,
    /// How long after a sign-in a dangerous deed of an administrator is let pass. Zero: always.
    pub step_up_max_age: Duration,
    /// The most bytes of an access token.
    pub max_token_bytes: usize,
    /// The applications' permissions; none where every word is one.
    pub permissions: Option<BTreeSet<String>>,
    pub refresh_ttl: Duration,
    pub session_max_ttl: Duration,
    pub oisp_ttl: Duration,
    pub exchange_window: Duration,
    pub rotation: refresh_rotation::RotationRules,
    pub password_min_length: usize,
    pub require_verified_email: bool,
    /// How long a signing key signs before the next one is published. Zero: only by hand.
    pub key_life: Duration,
    /// So many failed sign-ins within a minute are told of. Zero: never.
    pub failure_alarm: i64,
    /// The name of this deployment in authenticator apps.
    pub totp_issuer: String,
    /// Whether people are mailed a sign-in from an unknown browser.
    pub mail_new_sign_in: bool,
    pub registration: RegistrationPolicy,
    /// Whether guests are let in.
    pub guests: bool,
    /// How long a guest is kept who is not there.
    pub guest_ttl: Duration,
}

impl Policy {
    /// Whether an account of this state may sign in, as far as its address is proven.
    #[must_use]
    pub const fn lets_in(&self, account: &Account) -> bool {
        account.verified || !self.require_verified_email
    }

    /// The word that is neither Keyward's own nor one of the applications', where there is one.
    #[must_use]
    pub fn unknown<'a>(&self, words: impl IntoIterator<Item = &'a String>) -> Option<&'a str> {
        let theirs = self.permissions.as_ref()?;
        let mut words = words.into_iter().map(String::as_str);
        words.find(|word| !is_own(word) && !theirs.contains(*word))
    }
}

/// How accounts begin, and where mailed links lead.
#[derive(Clone, Debug)]
pub struct RegistrationPolicy {
    pub who: Who,
    /// Who may make organizations.
    pub makers: Makers,
    /// Where Keyward's own page is reached.
    pub public_url: Url,
    /// Other addresses that a mailed link may lead to.
    pub redirects: Vec<Allowed>,
    pub terms_version: String,
    pub verify_ttl: Duration,
    pub reset_ttl: Duration,
    pub invite_ttl: Duration,
}

/// How long the owner of an address may take a change of it back.
const KEEP_EMAIL_TTL: Duration = Duration::from_secs(7 * 86_400);

impl RegistrationPolicy {
    #[must_use]
    pub const fn code_ttl(&self, purpose: CodePurpose) -> Duration {
        match purpose {
            CodePurpose::VerifyEmail | CodePurpose::ChangeEmail | CodePurpose::AddEmail => {
                self.verify_ttl
            }
            CodePurpose::ResetPassword => self.reset_ttl,
            CodePurpose::Invite | CodePurpose::Join => self.invite_ttl,
            CodePurpose::KeepEmail => KEEP_EMAIL_TTL,
        }
    }
}

impl Policy {
    /// How long an access token of this class lives (decision 3).
    #[must_use]
    pub const fn access_ttl(&self, class: Class) -> Duration {
        match class {
            Class::Standard => self.access_ttl,
            Class::Oisp => self.oisp_ttl,
        }
    }

    /// How long a session of this class lives unless it is renewed. A class without a
    /// refresh token is idle only once its one token has ended.
    #[must_use]
    pub fn idle_ttl(&self, class: Class) -> Duration {
        match class {
            Class::Standard => self.refresh_ttl,
            Class::Oisp => self.oisp_ttl + self.refresh_ttl,
        }
    }

    /// The same for one session. A guest's lives as long as the guest is kept: nobody can
    /// sign in as that guest again.
    #[must_use]
    pub fn idle_ttl_of(&self, session: &Session) -> Duration {
        if session.anonymous {
            self.guest_ttl
        } else {
            self.idle_ttl(session.class)
        }
    }

    /// How long after its end an access token can be exchanged (semantics 2, rule 1).
    #[must_use]
    pub const fn exchange_window(&self, class: Class) -> Duration {
        match class {
            Class::Standard => self.exchange_window,
            Class::Oisp => self.refresh_ttl,
        }
    }

    #[must_use]
    pub fn longest_access_ttl(&self) -> Duration {
        self.access_ttl.max(self.oisp_ttl).max(ACTING)
    }

    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            longest_life_seconds: i64::try_from(self.longest_access_ttl().as_secs())
                .unwrap_or(i64::MAX),
        }
    }
}
