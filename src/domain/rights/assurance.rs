//! How well and how lately somebody must have shown who they are (RFC 9470, NIST SP 800-63B).

use std::time::Duration;

use crate::support::clock::Timestamp;

/// What is asked of a token's `aal` and `auth_time`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Authentication assurance level; 2 is a second factor.
    level: Option<u8>,
    /// Seconds since the sign-in, or since it was shown again.
    max_age: Option<i64>,
}

impl Wanted {
    #[must_use]
    pub fn within(age: Duration) -> Self {
        Self {
            level: None,
            max_age: Some(i64::try_from(age.as_secs()).unwrap_or(i64::MAX)),
        }
    }

    /// A second factor, whenever it was shown.
    #[must_use]
    pub const fn second_factor() -> Self {
        Self {
            level: Some(2),
            max_age: None,
        }
    }

    /// From the texts of RFC 9470: seconds, and one of the levels. `None` where one can not be
    /// read.
    #[must_use]
    pub fn parse(max_age: Option<&str>, acr: Option<&str>) -> Option<Self> {
        let level = match acr {
            None => None,
            Some("aal1") => Some(1),
            Some("aal2") => Some(2),
            Some(_) => return None,
        };
        let max_age = match max_age {
            None => None,
            Some(text) if text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit()) => {
                Some(text.parse().ok()?)
            }
            Some(_) => return None,
        };
        Some(Self { level, max_age })
    }

    /// Whether a token with this level and time of sign-in is enough.
    #[must_use]
    pub fn is_met(&self, level: u8, signed_in: i64, now: Timestamp) -> bool {
        let age = now.seconds().saturating_sub(signed_in);
        self.level.is_none_or(|wanted| level >= wanted)
            && self.max_age.is_none_or(|most| age <= most)
    }

    /// The parameters of a challenge, each with a comma before it.
    #[must_use]
    pub fn parameters(&self) -> String {
        let level = self.level.map(|it| format!(r#", acr_values="aal{it}""#));
        let age = self.max_age.map(|it| format!(r#", max_age="{it}""#));
        level.into_iter().chain(age).collect()
    }

    /// For people.
    #[must_use]
    pub fn words(&self) -> String {
        let level = match self.level {
            Some(2..) => " with a second factor",
            _ => "",
        };
        let age = match self.max_age {
            Some(most) => format!(" within the last {most} seconds"),
            None => String::new(),
        };
        format!(
            "This needs a sign-in{level}{age}: POST /auth/step-up shows who you are again, within \
             this session."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_read_or_refused() {
        let wanted = Wanted::parse(Some("300"), Some("aal2")).unwrap();
        assert_eq!(wanted.parameters(), r#", acr_values="aal2", max_age="300""#);
        assert_eq!(Wanted::parse(None, None), Some(Wanted::default()));
        for age in ["", "-1", "1e3", "300 ", "9999999999", "x"] {
            assert_eq!(Wanted::parse(Some(age), None), None, "{age:?}");
        }
        for acr in ["", "aal3", "AAL2", "2", "aal1 aal2"] {
            assert_eq!(Wanted::parse(None, Some(acr)), None, "{acr:?}");
        }
    }

    #[test]
    fn a_level_and_an_age_must_both_be_met() {
        let wanted = Wanted::parse(Some("300"), Some("aal2")).unwrap();
        let now = Timestamp::from_seconds(1000);
        assert!(wanted.is_met(2, 700, now));
        assert!(!wanted.is_met(2, 699, now));
        assert!(!wanted.is_met(1, 1000, now));
        assert!(Wanted::default().is_met(0, 0, now));
        assert!(Wanted::parse(Some("0"), None).unwrap().is_met(1, 1000, now));
    }
}
