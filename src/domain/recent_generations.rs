//! When the last few generations of a session began. Rule 7 of semantics 1 hangs on it: a
//! token is late, and not stolen, where its *own* successor began a moment ago. The instant
//! of the last rotation alone does not say that: whoever rotates often renews it.

use std::fmt;
use std::str::FromStr;

/// How many are remembered. With the present one that is sixteen, and no more may begin
/// within one grace.
const MOST: usize = 15;

/// Of the generations before the present one, youngest first: how many milliseconds before
/// the present one each began. As text they are numbers with commas between, which is how
/// a session's row keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    ages: [u32; MOST],
    count: usize,
}

/// A stored text that is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl Recent {
    /// As the next generation sees it, which begins `elapsed` milliseconds after the present
    /// one. What began more than `longest` before it is let go.
    #[must_use]
    pub fn then(self, elapsed: i64, longest: i64) -> Self {
        let older = self.ages().map(|age| age.saturating_add(elapsed));
        let kept = std::iter::once(elapsed)
            .chain(older)
            .take_while(|age| *age <= longest)
            .filter_map(|age| u32::try_from(age).ok());
        let mut next = Self::default();
        for age in kept.take(MOST) {
            next.ages[next.count] = age;
            next.count += 1;
        }
        next
    }

    /// The age of the generation so many before the one that came right before the present.
    #[must_use]
    pub fn before_last(&self, so_many: usize) -> Option<i64> {
        self.ages().nth(so_many)
    }

    /// The age of the oldest, where no more can be remembered.
    #[must_use]
    pub fn oldest_of_all(&self) -> Option<i64> {
        self.ages().nth(MOST - 1)
    }

    fn ages(&self) -> impl Iterator<Item = i64> {
        self.ages[..self.count].iter().map(|age| i64::from(*age))
    }
}

impl fmt::Display for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, age) in self.ages().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(f, "{comma}{age}")?;
        }
        Ok(())
    }
}

impl FromStr for Recent {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let mut recent = Self::default();
        for age in text.split(',').filter(|_| !text.is_empty()) {
            let place = recent.ages.get_mut(recent.count).ok_or(Unreadable)?;
            *place = age.parse().map_err(|_| Unreadable)?;
            recent.count += 1;
        }
        Ok(recent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_longest_is_let_go_and_never_more_than_fifteen_are_kept() {
        let mut recent = Recent::default();
        for (elapsed, expected) in [
            (0, "0"),
            (29_000, "29000,29000"),
            (1_000, "1000,30000,30000"),
            (1, "1,1001"),
            (30_001, ""),
            (i64::MAX, ""),
        ] {
            recent = recent.then(elapsed, 30_000);
            assert_eq!(recent.to_string(), expected);
            assert_eq!(expected.parse(), Ok(recent));
        }
        for _ in 0..14 {
            recent = recent.then(2_000, 60_000);
            assert_eq!(recent.oldest_of_all(), None);
        }
        for _ in 0..3 {
            recent = recent.then(2_000, 60_000);
            assert_eq!(recent.oldest_of_all(), Some(30_000));
            assert_eq!(recent.before_last(1), Some(4_000));
        }
        assert_eq!(recent.then(1, 0), Recent::default(), "strict keeps nothing");
    }

    #[test]
    fn a_damaged_text_is_refused() {
        let sixteen = ["1"; 16].join(",");
        for text in [",", "1,", "-1", "x", "1;2", "4294967296", &sixteen] {
            assert_eq!(text.parse::<Recent>(), Err(Unreadable), "{text}");
        }
    }
}
