//! What people type to say who they are: an e-mail address or a username, in the
//! form they wrote and in the canonical form by which an account is found. White space and
//! invisible characters around it are no part of it: keyboards put them there.
//!
//! Grammar of an address (row D-11): `local@domain`, at most 254 bytes, local part
//! at most 64, no quoting, comments or address literals; the domain has a dot or is
//! `localhost`. Canonical: NFKC, lower case, IDNA domain (UTS 46).

use unicode_normalization::UnicodeNormalization;
use unicode_security::MixedScript as _;

use crate::domain::id::AccountId;
use crate::domain::texts::name_characters::{is_mark, is_no_part_of_a_name, is_of_a_word, trimmed};

/// The two forms of a name, for a type that has both. Two are one where their canonical forms are.
macro_rules! two_forms {
    ($name:ty) => {
        impl $name {
            #[must_use]
            pub fn written(&self) -> &str {
                &self.written
            }

            #[must_use]
            pub fn canonical(&self) -> &str {
                &self.canonical
            }

            /// Whether the other one is the same, in other letters or not.
            #[must_use]
            pub fn is_same(&self, other: &Self) -> bool {
                self.canonical == other.canonical
            }

            /// Whether this text is.
            #[must_use]
            pub fn matches(&self, text: &str) -> bool {
                Self::parse(text).is_some_and(|other| self.is_same(&other))
            }
        }
    };
}
pub(in crate::domain) use two_forms;

/// An e-mail address: as written, and canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    written: String,
    canonical: String,
}

two_forms!(Email);

impl Email {
    /// `None` where the text is not an address by the grammar above.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let written = written(text)?;
        if written.len() > 254 {
            return None;
        }
        let (local, domain) = written.rsplit_once('@')?;
        let local = in_lower_case(local);
        if local.is_empty()
            || local.len() > 64
            || local.starts_with('.')
            || local.ends_with('.')
            || local.contains("..")
            || local.starts_with(is_mark)
            || !local.chars().all(is_local)
        {
            return None;
        }
        // UTS 46 drops what is invisible; an address that holds some looks like another.
        if domain.chars().any(is_no_part_of_a_name) {
            return None;
        }
        let domain = idna::domain_to_ascii_strict(domain).ok()?;
        if domain != "localhost" && !(domain.contains('.') && domain.split('.').all(is_label)) {
            return None;
        }
        let canonical = format!("{local}@{domain}");
        (canonical.len() <= 254).then_some(Self { written, canonical })
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
pub(in crate::domain) fn mixes_scripts(text: &str) -> bool {
    !text.is_single_script()
}

/// More bytes are in no name; what is longer is not even normalized.
const LONGEST_TEXT: usize = 1024;

/// What was typed, without what surrounds it, in the form NFKC: before it is taken apart,
/// or a full-width at sign would part nothing. `None` where it is too long for any name.
pub(in crate::domain) fn written(text: &str) -> Option<String> {
    let text = trimmed(text);
    (text.len() <= LONGEST_TEXT).then(|| text.nfkc().collect())
}

/// The same as it is shown: composed, with one kind of space.
pub(in crate::domain) fn composed(text: &str) -> String {
    let composed = trimmed(text).nfc();
    composed
        .map(|c| {
            if c.is_whitespace() && !c.is_control() {
                ' '
            } else {
                c
            }
        })
        .collect()
}

/// Lower case, and composed again: the small letter of `\u{130}` is two characters. The sigma at the
/// end of a word is the small letter of the same capital as every other.
#[must_use]
pub fn in_lower_case(text: &str) -> String {
    let small = text.chars().flat_map(char::to_lowercase).nfkc();
    small.map(|c| if c == 'ς' { 'σ' } else { c }).collect()
}

/// RFC 5321's `atext` and dots, and of RFC 6532's the characters of words of any script.
fn is_local(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c)
    } else {
        is_of_a_word(c)
    }
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

two_forms!(Username);

impl Username {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let written = written(text)?;
        let canonical = in_lower_case(&written);
        let fits = (1..=128).contains(&canonical.chars().count());
        let clean = !canonical.starts_with(is_mark)
            && canonical
                .chars()
                .all(|c| c != '@' && !is_no_part_of_a_name(c));
        (fits && clean && uuid::Uuid::try_parse(&canonical).is_err())
            .then_some(Self { written, canonical })
    }

    /// Whether it has letters of several scripts.
    #[must_use]
    pub fn mixes_scripts(&self) -> bool {
        mixes_scripts(&self.canonical)
    }

    /// Whether a file system or a shell could take it for more than a name. The canonical form is
    /// asked: wide forms of these characters are theirs.
    #[must_use]
    pub fn is_path_or_command(&self) -> bool {
        self.canonical.starts_with(['-', '.'])
            || self
                .canonical
                .contains(['/', '\\', '~', '$', '*', ';', '<', '>', '|', '&', '"', '`'])
    }
}

/// Any of them. Text with an `@`, be it a wide one, is an address or nothing, and no username is
/// written as an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identifier {
    Email(Email),
    Username(Username),
    Id { account: AccountId, written: String },
}

impl Identifier {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match Email::parse(text) {
            Some(email) => Some(Self::Email(email)),
            // No username has an at sign in it.
            None => Username::parse(text).map(Self::Username),
        }
    }

    /// The same, or the account's id: for a face whose original takes it.
    #[must_use]
    pub fn parse_with_id(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| {
            let account: AccountId = trimmed(text).parse().ok()?;
            let written = account.to_string();
            Some(Self::Id { account, written })
        })
    }

    #[must_use]
    pub fn canonical(&self) -> &str {
        match self {
            Self::Email(email) => email.canonical(),
            Self::Username(username) => username.canonical(),
            Self::Id { written, .. } => written,
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
    fn d11_i10_a_sigma_is_one_letter_wherever_it_stands() {
        for text in ["ΝΙΚΟΣ", "νικος", "νικοσ", "Νικος", "ΝΙΚΟϹ", "νικο\u{1d6d3}"]
        {
            let email = Email::parse(&format!("{text}@x.example")).unwrap();
            assert_eq!(email.canonical(), "νικοσ@x.example", "{text}");
            let username = Username::parse(text).unwrap();
            assert_eq!(username.canonical(), "νικοσ", "{text}");
        }
        assert_eq!(
            Email::parse("νικος@x.example").unwrap().written(),
            "νικος@x.example"
        );
        // A domain with either is another domain (UTS 46).
        let domain = |text: &str| Email::parse(text).unwrap().canonical().to_owned();
        assert_ne!(domain("a@νικος.example"), domain("a@νικοσ.example"));
        // Nothing that is two letters in capitals, or none of the same.
        for text in ["straße", "ısı", "ǰ"] {
            assert_eq!(in_lower_case(text), text);
        }
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
            "a @b.co",
            "a@ b.co",
            "a@@b.co",
            "a@-b.co",
            "a@b..co",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.co",
            "\"a\"@b.co",
            "a@[1.2.3.4]",
            "a(c)@b.co",
            "a@b.co\n.co",
            "a@b.co\0",
            "a\0@b.co",
            "a\u{200b}@b.co",
            "a@b\u{200b}b.co",
            "a@b\u{ad}b.co",
            "a\u{fe0f}@b.co",
            "\u{301}a@b.co",
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
    fn clients_05_26_what_surrounds_a_name_is_no_part_of_it() {
        for around in [
            " ", "\t", "\n", "\r\n", "\u{a0}", "\u{3000}", "\u{200b}", "\u{feff}", "\u{2060}",
        ] {
            for text in [format!("{around}alice@b.co"), format!("alice@b.co{around}")] {
                assert_eq!(Email::parse(&text).unwrap().written(), "alice@b.co");
            }
            let name = Username::parse(&format!("{around}Alice{around}")).unwrap();
            assert_eq!((name.written(), name.canonical()), ("Alice", "alice"));
        }
        let wide = "ａｌｉｃｅ＠ｅｘａｍｐｌｅ．ｃｏｍ";
        let wide = Identifier::parse(wide).unwrap();
        assert_eq!(wide, Identifier::parse("alice@example.com").unwrap());
    }

    #[test]
    fn clients_06_addresses_of_every_script() {
        for text in [
            "संपर्क@डाटामेल.भारत",
            "ผู้ใช้@ตัวอย่าง.ไทย",
            "ব্যবহারকারী@উদাহরণ.বাংলা",
            "İstanbul@example.com",
            "jose\u{301}@example.com",
        ] {
            let email = Email::parse(text).unwrap_or_else(|| panic!("{text}"));
            let again = Email::parse(email.canonical()).unwrap();
            assert_eq!(again.canonical(), email.canonical());
            assert!(!email.mixes_scripts(), "{text}");
        }
    }

    #[test]
    fn a_username_has_no_at_sign_and_no_spaces() {
        assert_eq!(Username::parse("Alice").unwrap().canonical(), "alice");
        for text in [
            "",
            "a b",
            "a@b",
            "a\nb",
            "\u{7}",
            "a\u{fe0f}b",
            "a\u{34f}b",
            "a\u{e0061}b",
            "\u{2800}",
            "a\u{2800}b",
            "\u{301}",
            "a\u{200b}lice",
            "a\u{202e}ecila",
            "01a20072-d0f7-726a-9e00-22bfb6ad771a",
        ] {
            assert!(Username::parse(text).is_none(), "{text:?}");
        }
    }
}
