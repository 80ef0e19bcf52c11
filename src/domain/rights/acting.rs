//! Acting for another account: why, and for how long (docs/decisions/0106).

use std::time::Duration;

/// The longest that somebody acts for another.
pub const ACTING: Duration = Duration::from_secs(3600);

/// The most characters of the reason.
const LONGEST: usize = 500;

/// Why somebody acts for another: one line, which is kept in the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActingReason(String);

impl ActingReason {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = !text.is_empty() && text.chars().count() <= LONGEST;
        (fits && !text.contains(char::is_control)).then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn into_inner(self) -> String {
        self.0
    }
}

/// How long the one access token lives that somebody acts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActingLife(Duration);

impl ActingLife {
    /// Where none is asked for.
    pub const USUAL: Self = Self(Duration::from_secs(900));

    /// The fewest seconds, and the most.
    pub const SECONDS: (u64, u64) = (60, ACTING.as_secs());

    #[must_use]
    pub fn of_seconds(seconds: u64) -> Option<Self> {
        let (least, most) = Self::SECONDS;
        let fits = (least..=most).contains(&seconds);
        fits.then(|| Self(Duration::from_secs(seconds)))
    }

    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        let long = "a".repeat(LONGEST);
        for text in ["ticket 4711", " ticket 4711\n", "ä", &long] {
            let reason = ActingReason::parse(text).unwrap();
            assert_eq!(reason.into_inner(), text.trim());
        }
        for text in [
            "",
            " \n ",
            "ticket\n4711",
            "ticket\u{7f}",
            &format!("{long}a"),
        ] {
            assert_eq!(ActingReason::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_life_is_a_minute_to_an_hour() {
        for (seconds, fits) in [
            (0, false),
            (59, false),
            (60, true),
            (3600, true),
            (3601, false),
        ] {
            let life = ActingLife::of_seconds(seconds);
            let expected = fits.then(|| Duration::from_secs(seconds));
            assert_eq!(life.map(ActingLife::duration), expected);
        }
    }
}
