//! A password as typed: normalized once (NFKC, semantics 5), never trimmed, never
//! cut, at most 1,024 code points, in a type that does not print. And what is stored of
//! it, in another one.

use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::UnicodeNormalization;

/// The most code points a password may have.
pub const LONGEST: usize = 1024;

#[derive(Clone)]
pub struct Password(SecretString);

/// What is stored of a password: a hash, and how it was made. Whoever reads it can guess at
/// the password for as long as they like, so it does not print either.
#[derive(Clone)]
pub struct PasswordRecord(SecretString);

impl PasswordRecord {
    /// For the hasher and the store alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for PasswordRecord {
    fn from(record: String) -> Self {
        Self(record.into())
    }
}

/// Why a text is not taken as a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    Empty,
    TooLong,
    /// NUL would let two different passwords look the same to older hash functions.
    ContainsNul,
}

impl Password {
    /// # Errors
    /// Where the text is empty, too long, or holds a NUL.
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        if text.is_empty() {
            return Err(Unusable::Empty);
        }
        if text.contains('\0') {
            return Err(Unusable::ContainsNul);
        }
        if text.chars().nth(LONGEST).is_some() {
            return Err(Unusable::TooLong);
        }
        Ok(Self(text.nfkc().collect::<String>().into()))
    }

    #[must_use]
    pub const fn normalized(&self) -> &SecretString {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p4_composed_and_decomposed_are_one_password() {
        let nfd = Password::parse("pa\u{308}ss").unwrap();
        let nfc = Password::parse("p\u{e4}ss").unwrap();
        assert_eq!(
            nfd.normalized().expose_secret(),
            nfc.normalized().expose_secret()
        );
    }

    #[test]
    fn p2_p5_what_is_refused() {
        assert_eq!(Password::parse("").err(), Some(Unusable::Empty));
        assert_eq!(Password::parse("a\0b").err(), Some(Unusable::ContainsNul));
        assert!(Password::parse(&"x".repeat(1024)).is_ok());
        assert_eq!(
            Password::parse(&"x".repeat(1025)).err(),
            Some(Unusable::TooLong)
        );
    }
}
