//! What people type to say who they are: an e-mail address or a username, in the
//! form they wrote and in the canonical form by which an account is found.
//!
//! Grammar of an address (row D-11): `local@domain`, at most 254 bytes, local part
//! at most 64, no quoting, comments or address literals; the domain has a dot or is
//! `localhost`. Canonical: NFKC, lower case, IDNA domain (UTS 46).

use unicode_normalization::UnicodeNormalization;
use unicode_security::MixedScript as _;

/// An e-mail address: as written, and canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    written: String,
    canonical: String,
}

impl Email {
    /// `None` where the text is not an address by the grammar above.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 254 {
            return None;
        }
        let (local, domain) = text.rsplit_once('@')?;
        let local: String = local.nfkc().flat_map(char::to_lowercase).collect();
        if local.is_empty()
            || local.len() > 64
            || local.starts_with('.')
            || local.ends_with('.')
            || local.contains("..")
            || !local.chars().all(is_local)
        {
            return None;
        }
        let domain = idna::domain_to_ascii_strict(domain).ok()?;
        if domain != "localhost" && !(domain.contains('.') && domain.split('.').all(is_label)) {
            return None;
        }
        let canonical = format!("{local}@{domain}");
        (canonical.len() <= 254).then(|| Self {
            written: text.to_owned(),
            canonical,
        })
    }

    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// Whether its local part, or a label of its domain, has letters of several scripts.
    #[must_use]
    pub fn mixes_scripts(&self) -> bool {
        let (local, domain) = self.canonical.rsplit_once('@').unwrap_or_default();
        let (domain, _) = idna::domain_to_unicode(domain);
        mixes_scripts(local) || domain.split('.').any(mixes_scripts)
    }
}

/// UTS 39 section 5.1: "аlice" with a Cyrillic а looks like another's name. Scripts that
/// are written together, as in Japanese, count as one; digits and signs belong to all.
fn mixes_scripts(text: &str) -> bool {
    !text.is_single_script()
}

/// RFC 5321's `atext` and dots, and letters and digits of any script.
fn is_local(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
}

/// A username: 1 to 128 code points, no `@`, no control, white-space or invisible
/// characters, and no UUID, so that it never looks like another account's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username {
    written: String,
    canonical: String,
}

impl Username {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let canonical: String = text.nfkc().flat_map(char::to_lowercase).collect();
        let fits = (1..=128).contains(&canonical.chars().count());
        let clean = canonical
            .chars()
            .all(|c| c != '@' && !c.is_control() && !c.is_whitespace() && !is_invisible(c));
        (fits && clean && uuid::Uuid::try_parse(&canonical).is_err()).then(|| Self {
            written: text.to_owned(),
            canonical,
        })
    }

    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// Whether it has letters of several scripts.
    #[must_use]
    pub fn mixes_scripts(&self) -> bool {
        mixes_scripts(&self.canonical)
    }
}

/// Zero-width characters and marks of direction: two names that look the same.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}' | '\u{180e}')
}

/// Either. Text with an `@` is an address or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identifier {
    Email(Email),
    Username(Username),
}

impl Identifier {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.contains('@') {
            Email::parse(text).map(Self::Email)
        } else {
            Username::parse(text).map(Self::Username)
        }
    }

    #[must_use]
    pub fn canonical(&self) -> &str {
        match self {
            Self::Email(email) => email.canonical(),
            Self::Username(username) => username.canonical(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_any_letter_case_and_kept_as_written() {
        let email = Email::parse("Alice@Example.COM").unwrap();
        assert_eq!(email.written(), "Alice@Example.COM");
        assert_eq!(email.canonical(), "alice@example.com");
        assert_eq!(
            Email::parse("a@bücher.example").unwrap().canonical(),
            "a@xn--bcher-kva.example"
        );
        assert!(Email::parse("admin@localhost").is_some());
    }

    #[test]
    fn i9_what_is_no_address_is_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long = format!("a@{}.com", "b.".repeat(130));
        for text in [
            "",
            "@",
            "user1",
            "a@",
            "@b.co",
            "a@b",
            "a b@c.co",
            " a@b.co",
            "a@b.co ",
            "a@@b.co",
            "a@-b.co",
            "a@b..co",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.co",
            "\"a\"@b.co",
            "a@[1.2.3.4]",
            "a(c)@b.co",
            "a@b.co\n",
            "a\0@b.co",
            "a\u{200b}@b.co",
            &long_local,
            &long,
        ] {
            assert!(Email::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn i11_letters_of_several_scripts_in_one_word_are_told() {
        for (text, mixed) in [
            ("alice@example.com", false),
            ("al1ce+tag_x@example.com", false),
            ("jürgen@bücher.example", false),
            ("алиса@пример.com", false),
            ("山田タロウ@例え.jp", false),
            // The first letter is Cyrillic; then one inside; then the domain's.
            ("\u{430}lice@example.com", true),
            ("al\u{456}ce@example.com", true),
            ("alice@ex\u{430}mple.com", true),
            ("\u{3b1}lice@example.com", true),
            // A wide one is the ordinary letter (NFKC).
            ("\u{ff41}lice@example.com", false),
        ] {
            assert_eq!(Email::parse(text).unwrap().mixes_scripts(), mixed, "{text}");
        }
        for (text, mixed) in [("alice", false), ("алиса", false), ("p\u{430}ypal", true)] {
            assert_eq!(
                Username::parse(text).unwrap().mixes_scripts(),
                mixed,
                "{text}"
            );
        }
    }

    #[test]
    fn a_username_has_no_at_sign_and_no_spaces() {
        assert_eq!(Username::parse("Alice").unwrap().canonical(), "alice");
        for text in [
            "",
            "a b",
            "a@b",
            "a\n",
            "\u{7}",
            "a\u{200b}lice",
            "\u{202e}ecila",
            "01a20072-d0f7-726a-9e00-22bfb6ad771a",
        ] {
            assert!(Username::parse(text).is_none(), "{text:?}");
        }
    }
}
