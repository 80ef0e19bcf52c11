//! A letter: what is to be told to somebody by mail, in which language. What it looks like
//! stands in templates (`assets/mail`, read by `mail/templates.rs`); when it is tried again, in
//! `mail_retries.rs`. To add one: a variant of [`LetterPurpose`], two templates for each language, their
//! lines in `mail/embedded_templates.rs`, and a value of a new name in `mail/templates/parts.rs`
//! (CONTRIBUTING).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::domain::id::AccountId;
use crate::domain::mail_retries::TRIED_FOR;
use crate::domain::session::Client;
use crate::support::clock::Timestamp;

/// What a mail is for. One template each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, EnumString, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum LetterPurpose {
    /// Proves that an address is its owner's.
    Verify,
    Reset,
    /// The same where the password is dead: for an address that was proven a moment ago and left nobody
    /// one, and for who undid a change of addresses (`undone`).
    Choose,
    Invite,
    /// An invitation to an organization.
    Join,
    /// To the old address, which can undo it.
    AddressChanged,
    /// To the primary address, which can undo it.
    AddressAdded,
    /// To the one that was removed, which can undo it, and to the primary one.
    AddressRemoved,
    PasswordChanged,
    /// From a browser that the account did not sign in from before.
    NewSignIn,
    /// Somebody wanted to register an address that has an account.
    AccountExists,
    FactorChanged,
    RecoveryCodeUsed,
    /// Somebody has a key that opens what the account does.
    ApiKeyMade,
    /// Too many wrong guesses: the password is suspended.
    Locked,
    /// Of `keyward mail test`.
    Test,
    /// In an administrator's own words.
    Publication,
}

impl LetterPurpose {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether a stranger can have it sent to somebody, again and again. Only administrators
    /// invite to the service, as many as there are; anybody may make an organization and invite
    /// to it.
    #[must_use]
    pub const fn is_asked_for(self) -> bool {
        matches!(
            self,
            Self::Verify | Self::Reset | Self::AccountExists | Self::Join
        )
    }

    /// Values without which the letter says nothing.
    #[must_use]
    pub const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Verify | Self::Reset | Self::Choose | Self::Invite => &["link", "hours"],
            Self::Join => &["link", "hours", "organization"],
            Self::AddressChanged | Self::AddressAdded => &["new_address"],
            Self::AddressRemoved => &["removed_address"],
            _ => &[],
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IntoStaticStr, EnumString, VariantArray)]
pub enum Language {
    #[default]
    #[strum(serialize = "en")]
    English,
    #[strum(serialize = "nl")]
    Dutch,
    #[strum(serialize = "de")]
    German,
    #[strum(serialize = "fi")]
    Finnish,
}

impl Language {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// From a language tag (BCP 47): its first part alone counts, `nl-BE` is Dutch.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let first = tag.split(['-', '_']).next()?;
        first.to_ascii_lowercase().parse().ok()
    }
}

/// What a template fills in, by name. Links hold codes: it does not print.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<String, String>);

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Deref for Values {
    type Target = BTreeMap<String, String>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Values {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl From<BTreeMap<String, String>> for Values {
    fn from(values: BTreeMap<String, String>) -> Self {
        Self(values)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Values {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        Self(pairs.map(|(k, v)| (k.into(), v.into())).collect())
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> From<[(K, V); N]> for Values {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

#[derive(Clone, Debug)]
pub struct Letter {
    pub purpose: LetterPurpose,
    /// The account it is about, whose quota it uses.
    pub account: Option<AccountId>,
    /// The address as its owner wrote it.
    pub to: String,
    pub language: Language,
    /// Which of several sites it is for: its templates go before the common ones.
    pub site: Option<String>,
    /// Who asked for it, where somebody did: their address has a quota, too.
    pub asked_by: Option<Client>,
    /// Whose quota it uses, where acts of several kinds send letters of its purpose: none of them
    /// must keep another from its mail.
    pub counts_as: Option<&'static str>,
    /// What the template fills in: `link`, `hours`, `name`, `address`, `new_address`, `removed_address`,
    /// `emptied`, `undone`, `organization`, `when`, `user_agent`.
    pub values: Values,
}

/// Whether it can be the name of a site: it becomes part of the name of a file.
#[must_use]
pub fn is_site(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

/// The name of a site, which can be no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site(String);

impl Site {
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        is_site(name).then(|| Self(name.to_owned()))
    }

    #[must_use]
    pub fn into_inner(self) -> String {
        self.0
    }
}

impl Letter {
    /// After this instant it is of no use any more: its code has ended (`hours`), or it was
    /// tried for a day.
    #[must_use]
    pub fn expires_at(&self, now: Timestamp) -> Timestamp {
        let hours = self.values.get("hours").and_then(|text| text.parse().ok());
        let lives = hours.map(|hours: u32| Duration::from_secs(u64::from(hours) * 3600));
        now + lives.map_or(TRIED_FOR, |lives| lives.min(TRIED_FOR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_the_first_part_of_a_tag() {
        for (tag, language) in [
            ("nl-BE", Some(Language::Dutch)),
            ("NL", Some(Language::Dutch)),
            ("de_AT", Some(Language::German)),
            ("fi", Some(Language::Finnish)),
            ("en-GB", Some(Language::English)),
            ("fr", None),
            ("", None),
            ("nld", None),
        ] {
            assert_eq!(Language::parse(tag), language, "{tag}");
        }
    }

    #[test]
    fn every_purpose_has_a_word_that_leads_back() {
        for purpose in LetterPurpose::VARIANTS {
            assert_eq!(purpose.as_str().parse(), Ok(*purpose));
        }
        assert_eq!(LetterPurpose::NewSignIn.as_str(), "new_sign_in");
    }

    #[test]
    fn values_do_not_print() {
        let values = Values::from([("link", "https://app.example.com/#kwo1_CANARY")]);
        assert_eq!(format!("{values:?}"), r#"{"link"}"#);
    }

    #[test]
    fn l8_a_site_is_no_path() {
        for name in ["a", "my-site-2", &"a".repeat(64)] {
            assert!(is_site(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a.b",
            "A",
            "ä",
            "a b",
            &"a".repeat(65),
        ] {
            assert!(!is_site(name), "{name}");
        }
    }

    #[test]
    fn a_letter_with_a_code_ends_with_it() {
        let mut letter = Letter {
            purpose: LetterPurpose::Reset,
            account: None,
            to: "a@example.com".to_owned(),
            language: Language::English,
            site: None,
            asked_by: None,
            counts_as: None,
            values: Values::from([("hours", "1")]),
        };
        let now = Timestamp::from_millis(1000);
        assert_eq!(letter.expires_at(now).millis(), 1000 + 3_600_000);
        for (hours, lives) in [("168", 24), ("soon", 24), ("0", 0)] {
            letter.values = Values::from([("hours", hours)]);
            assert_eq!(letter.expires_at(now).millis(), 1000 + lives * 3_600_000);
        }
    }
}
