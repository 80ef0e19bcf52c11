//! Which passwords people may choose (requirements decision 19; NIST SP 800-63B-4): a
//! least length, nothing that a guesser tries first, and no rules of composition.

use secrecy::ExposeSecret as _;

use crate::domain::password::Password;

/// Why a password may not be chosen. Said to its chooser, in these words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    TooShort { least: usize },
    Guessable,
}

impl Refused {
    #[must_use]
    pub fn reason(&self, field: &str) -> String {
        match self {
            Self::TooShort { least } => {
                format!("\"{field}\" length must be at least {least} characters long")
            }
            Self::Guessable => {
                format!("\"{field}\" is among the first that a guesser would try")
            }
        }
    }
}

/// Longer ones are on no list of common passwords, and the estimate takes quadratic time.
const ESTIMATED: usize = 24;

/// `about`: what a guesser knows of the chooser: address, username.
///
/// # Errors
/// [`Refused`].
pub fn check(password: &Password, least: usize, about: &[&str]) -> Result<(), Refused> {
    let text = password.normalized().expose_secret();
    if text.chars().count() < least {
        return Err(Refused::TooShort { least });
    }
    let parts: Vec<&str> = about
        .iter()
        .flat_map(|text| text.split(['@', '.', '+', '-', '_']).chain([*text]))
        .chain(["keyward"])
        .filter(|part| part.chars().count() > 2)
        .collect();
    if text.chars().count() > ESTIMATED {
        return Ok(());
    }
    // Scores 0 and 1: a million guesses or fewer.
    if zxcvbn::zxcvbn(text, &parts).score() < zxcvbn::Score::Two {
        return Err(Refused::Guessable);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(text: &str) -> Result<(), Refused> {
        check(
            &Password::parse(text).unwrap(),
            8,
            &["alice.liddell@example.com", "cheshire"],
        )
    }

    #[test]
    fn p3_p6_short_and_guessable_passwords_are_refused() {
        assert_eq!(choose("1234567"), Err(Refused::TooShort { least: 8 }));
        for text in [
            "password",
            "12345678",
            "password1234567",
            "qwertyuiop",
            "iloveyou",
            "aaaaaaaaaaaa",
            "        ",
            "liddell1",
            "cheshire1",
            "keyward1",
            "abcdefghij",
        ] {
            assert_eq!(choose(text), Err(Refused::Guessable), "{text}");
        }
    }

    #[test]
    fn p11_long_and_odd_ones_are_taken() {
        for text in [
            "correct horse battery",
            "xK3vqL9p",
            &"🦀🐙🦑🐡".repeat(16),
            &"long sentence, ".repeat(60),
        ] {
            assert_eq!(choose(text), Ok(()), "{text}");
        }
    }
}
