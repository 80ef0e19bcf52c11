//! Who may register, and what is mailed with it.

use std::str::FromStr;
use std::time::Duration;

use crate::config::settings::declare::section;
use crate::config::values::origin::without_person;
use crate::config::values::parse::{as_it_is, lasting, list, optional};
use crate::domain::redirect::Allowed;

section! {
    /// How accounts begin.
    Registration, "Registration" {
        /// Who may register: open (everybody), invite (who was invited by mail) or closed.
        /// Absent: closed, and open in test mode.
        who: Option<Who> = KEYWARD_REGISTRATION, "", optional(str::parse);
        /// Who may make organizations, whose members then invite people that have no account:
        /// anybody, or administrators.
        makers: Makers = KEYWARD_ORGANIZATIONS, "anybody", str::parse;
        /// Addresses of your applications that mailed links may lead to, each with scheme, host and
        /// the beginning of the path, comma separated. Others are refused.
        redirects: Vec<Allowed> = KEYWARD_REDIRECT_ALLOW_LIST, "", list(application);
        /// The version of the terms and conditions that people accept now.
        terms_version: String = KEYWARD_TERMS_VERSION, "1", as_it_is;
        /// How long a code to prove an e-mail address is good, 1h to 30d.
        verify_ttl: Duration = KEYWARD_VERIFY_CODE_TTL, "24h", lasting("1h", "30d");
        /// How long a code to reset a password is good, 1h to 24h.
        reset_ttl: Duration = KEYWARD_RESET_CODE_TTL, "1h", lasting("1h", "24h");
        /// How long an invitation is good, 1h to 90d.
        invite_ttl: Duration = KEYWARD_INVITE_CODE_TTL, "7d", lasting("1h", "90d");
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Open,
    Invite,
    Closed,
}

impl FromStr for Who {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "open" => Ok(Self::Open),
            "invite" => Ok(Self::Invite),
            "closed" => Ok(Self::Closed),
            _ => Err(format!("open, invite or closed, not {text:?}")),
        }
    }
}

/// Who may make organizations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Makers {
    Anybody,
    Administrators,
}

impl FromStr for Makers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "anybody" => Ok(Self::Anybody),
            "administrators" => Ok(Self::Administrators),
            _ => Err(format!("anybody or administrators, not {text:?}")),
        }
    }
}

fn application(text: &str) -> Result<Allowed, String> {
    Allowed::parse(text).ok_or_else(|| {
        let text = without_person(text);
        format!("addresses such as https://app.example.com/account, not {text:?}")
    })
}
