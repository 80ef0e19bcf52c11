//! Which passwords people may choose (requirements decision 19; NIST SP 800-63B-4): a
//! least length, nothing that a guesser tries first, and no rules of composition.

use std::borrow::Cow;
use std::collections::HashSet;

use secrecy::ExposeSecret as _;

use crate::domain::password::Password;

mod repetition;

use repetition::{novel, period};

/// Why a password may not be chosen. Said to its chooser, in these words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weakness {
    TooShort { least: usize },
    Guessable,
}

impl Weakness {
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

/// The estimate looks at so many characters at a time: its time grows faster than its input.
const ESTIMATED: usize = 24;

/// A password of fewer different characters is a pattern, however long it is.
const FEWEST: usize = 5;

/// `about`: what a guesser knows of the chooser: address, username.
///
/// # Errors
/// [`Weakness`].
pub fn check(password: &Password, least: usize, about: &[&str]) -> Result<(), Weakness> {
    let text = password.normalized().expose_secret();
    if text.chars().count() < least {
        return Err(Weakness::TooShort { least });
    }
    let text: Vec<char> = without(text, about).chars().collect();
    if is_guessable(&text, about) {
        return Err(Weakness::Guessable);
    }
    Ok(())
}

/// Whether an operator should be warned of a password, whose length is the operator's own
/// business (row D-26).
#[must_use]
pub fn is_weak(password: &Password, about: &[&str]) -> bool {
    check(password, 8, about).is_err()
}

/// What a guesser knows counts as one character. The estimate would do so for short ones,
/// but an address may be longer than what it looks at.
fn without<'a>(text: &'a str, about: &[&str]) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    for known in about.iter().filter(|known| known.chars().count() > 8) {
        let (folded, known) = (text.to_lowercase(), known.to_lowercase());
        if folded.contains(&known) {
            text = Cow::Owned(folded.replace(&known, "@"));
        }
    }
    text
}

fn is_guessable(text: &[char], about: &[&str]) -> bool {
    let different: HashSet<&char> = text.iter().collect();
    if different.len() < FEWEST {
        return true;
    }
    let parts: Vec<&str> = about
        .iter()
        .flat_map(|text| {
            let words = text.split(['@', '.', '+', '-', '_']);
            words.chain(text.split('@')).chain([*text])
        })
        .chain(["keyward"])
        .filter(|part| part.chars().count() > 2)
        .collect();
    // What is repeated is guessed once, and so is what is written with each letter doubled. What
    // is left may be no word any more, so the text itself is looked at too.
    let mut runs = text.to_vec();
    runs.dedup();
    let mut pieces = vec![text[..period(text)].to_vec(), novel(text), novel(&runs)];
    pieces.dedup();
    pieces.iter().any(|piece| {
        let head = &piece[..piece.len().min(ESTIMATED)];
        let tail = &piece[piece.len() - head.len()..];
        // Of a long password only the first and the last `ESTIMATED` characters are estimated.
        is_common(head, &parts) && (head.len() == piece.len() || is_common(tail, &parts))
    })
}

/// Scores 0 and 1: a million guesses or fewer.
fn is_common(text: &[char], about: &[&str]) -> bool {
    let plain: String = plain(text).into_iter().collect();
    zxcvbn::zxcvbn(&plain, about).score() < zxcvbn::Score::Two
}

/// How many letters may be written as signs before they are taken for what they are.
const DISGUISES: usize = 4;

/// The estimate tries every reading of the signs that stand for letters (`@` for a, `$` for
/// s, and `!` for i or l), and their number grows with the power of the different ones. No
/// word of a list needs many: where there are more, each gets one reading.
fn plain(text: &[char]) -> Vec<char> {
    let read = |c: char| match c {
        '@' => Some('a'),
        '(' | '{' | '[' | '<' => Some('c'),
        '!' | '|' => Some('i'),
        '$' => Some('s'),
        '+' => Some('t'),
        '%' => Some('x'),
        _ => None,
    };
    let signs: HashSet<&char> = text.iter().filter(|c| read(**c).is_some()).collect();
    if signs.len() <= DISGUISES {
        return text.to_vec();
    }
    text.iter().map(|c| read(*c).unwrap_or(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(text: &str) -> Result<(), Weakness> {
        check(
            &Password::parse(text).unwrap(),
            8,
            &["alice.liddell@example.com", "cheshire"],
        )
    }

    #[test]
    fn p3_p6_short_and_guessable_passwords_are_refused() {
        assert_eq!(choose("1234567"), Err(Weakness::TooShort { least: 8 }));
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
            assert_eq!(choose(text), Err(Weakness::Guessable), "{text}");
        }
    }

    #[test]
    fn attack_l8_repetition_makes_no_password_at_any_length() {
        for text in [
            "a".repeat(25),
            "a".repeat(1000),
            "ab".repeat(40),
            "abcd".repeat(20),
            "0123".repeat(100),
            "🦀🐙🦑🐡".repeat(16),
            "password".repeat(5),
            "passwordpasswordpasswordpasswordpassw".to_owned(),
            "12345678901234567890123456789012345".to_owned(),
            "alice.liddell@example.comalice.liddell@example.com".to_owned(),
            "qwertyuiopqwertyuiopqwertyuiop".to_owned(),
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab".to_owned(),
        ] {
            assert_eq!(choose(&text), Err(Weakness::Guessable), "{text}");
        }
    }

    /// For how long this thread had a core.
    fn of_this_thread() -> std::time::Duration {
        let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        std::time::Duration::try_from(spent).unwrap()
    }

    #[test]
    fn attack_l4_the_estimate_is_bounded_in_time() {
        let signs = "p@55w0rd!1|7+$5({[<69%24";
        let inputs = [
            signs.to_owned(),
            format!("{signs}{signs}x"),
            "@({[<!|$+%".repeat(3),
            "4@8({[<369!1|70$5+7%2".to_owned(),
            "4@8(36!|$+".repeat(100),
            "1234567890@!$+4860713592".to_owned(),
            "aaaaaaaaaaaabaaaaaaaaaaac".to_owned(),
            "abcabdabeabfabgabhabiabj".to_owned(),
            // As many pairs of letters as there are, so that little of it is a repetition.
            ('a'..='z')
                .flat_map(|one| ('a'..='z').flat_map(move |other| [one, other]))
                .take(1024)
                .collect(),
            format!("{}{signs}", "aab".repeat(333)),
            // Numbers are alike as far as they go.
            (0..1024)
                .filter_map(|n: u32| char::from_digit(n * n / 7 % 10, 10))
                .collect(),
            (0..512)
                .flat_map(|n: u32| {
                    char::from_digit(n * n / 7 % 10, 10)
                        .into_iter()
                        .chain(['a'])
                })
                .collect(),
        ];
        for text in inputs {
            // The time of this thread and not of the machine, which does other things too. Tests
            // are built with little optimization, so this is ten times what is promised.
            let quickest = (0..5).map(|_| {
                let began = of_this_thread();
                let _ = choose(&text);
                of_this_thread().saturating_sub(began)
            });
            let quickest = quickest.min().unwrap();
            assert!(quickest.as_millis() < 50, "{text}: {quickest:?}");
        }
    }

    #[test]
    fn attack_l8_low_variety_makes_no_password_at_any_length() {
        for text in [
            "aaaabbbbccccdddd",
            "aaaabbbbccccddddeeee",
            "aabbccddeeffgghh",
            "112233445566778899",
            "ppaasssswwoorrdd",
            "qqqwwweeerrrtttyyy",
            "password1password2password1",
            "alice.liddell1",
            "Password1pASSWORD2PASSWORD1",
            "password10password11password12password13",
            "summer2024summer2025summer2026",
            "1password2password3password",
            "alice.liddell1alice.liddell2alice.liddell3",
            "qwertyuiop1qwertyuiop!qwertyuiop",
            "abcabcabdabcabdabe",
            "iloveyou iloveyou! iloveyou?",
        ] {
            for times in [1, 4] {
                let text = text.repeat(times);
                assert_eq!(choose(&text), Err(Weakness::Guessable), "{text}");
            }
        }
    }

    #[test]
    fn attack_l8_what_repeats_a_little_is_taken() {
        for text in [
            "the cat and the dog and the bird",
            "row row row your boat gently down the stream",
            "seven bottles, seven brides, seven brothers",
            "bookkeeper balloon committee",
            "7391 4826 5573 9082",
            "4c8f-91ab-77d0-3e65",
            "Fuchs, du hast die Gans gestohlen",
            "xxK3vvqLL9pp",
            "tomorrow and tomorrow and tomorrow creeps",
            "room 101, room 237, room 1408 and no other",
        ] {
            assert_eq!(choose(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn p11_long_and_odd_ones_are_taken() {
        for text in [
            "correct horse battery",
            "xK3vqL9p",
            &"🦀🐙🦑🐡🐠🐟🐬🐳".repeat(2),
            // A weak beginning, and an end that nobody guesses.
            "passwordpasswordpasswordpassword xK3vqL9p tundra",
            "%7Gq!v@L#2m$Rz&9",
            &"long sentence, ".repeat(60),
        ] {
            assert_eq!(choose(text), Ok(()), "{text}");
        }
    }
}
