//! Time as a parameter. Every instant in Keyward is a [`Timestamp`]: whole UTC
//! milliseconds. A [`Clock`] says what time it is; tests and integrators move it
//! by hand, and replicas on one PostgreSQL follow the database's clock.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

/// The first and the last millisecond of the years that are written in four digits.
const FIRST: i64 = -62_135_596_800_000;
const LAST: i64 = 253_402_300_799_999;

/// An instant: UTC milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The same for what somebody wrote: `None` outside the years 1 to 9999, which ISO 8601 and
    /// RFC 3339 write in four digits.
    #[must_use]
    pub const fn checked(millis: i64) -> Option<Self> {
        match millis {
            FIRST..=LAST => Some(Self(millis)),
            _ => None,
        }
    }

    /// From whole seconds, as a JWT's `NumericDate` (RFC 7519 section 2) holds them.
    /// Saturates, so that a hostile claim can not overflow.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Milliseconds from `earlier` to `self`; negative where `earlier` is later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// A day, or an instant with its zone, as ISO 8601 writes them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // The library takes a sign before a year.
        if !text.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let instant = match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Ok(day) => day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis(),
            Err(_) => DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis(),
        };
        Self::checked(instant)
    }

    /// The same instant, or the last one that is written in four digits.
    #[must_use]
    pub fn at_most_last(self) -> Self {
        Self(self.0.min(LAST))
    }

    /// ISO 8601 with milliseconds and `Z` (row O-18). What is before or after all years of four digits
    /// is shown as the first or the last instant of them.
    #[must_use]
    pub fn iso(self) -> String {
        DateTime::<Utc>::from_timestamp_millis(self.0.clamp(FIRST, LAST))
            .unwrap_or_default()
            .to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso())
    }
}

/// A [`Duration`] in milliseconds; saturates at 292 million years.
#[must_use]
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }
}

/// Between a question and its answer. The machine may have been busy, or the way long; which of the
/// two nobody can tell, nor on which side of the answer.
const FAR_APART: Duration = Duration::from_millis(200);
const GOES_ON: Duration = Duration::from_secs(60);

enum Source {
    /// The machine's clock: one process on SQLite.
    Wall,
    /// A monotonic clock hung on an instant that the database told. Replicas agree
    /// and a jump of one machine's clock moves nothing.
    Anchored {
        started: Instant,
        at_start: AtomicI64,
        /// How long after it started it was told last.
        told_after: AtomicI64,
    },
    /// Stands still until it is moved: tests.
    Still(AtomicI64),
}

/// What time it is. `offset` is how far the test clock was moved.
pub struct Clock {
    source: Source,
    offset: AtomicI64,
}

impl Clock {
    #[must_use]
    pub fn wall() -> Self {
        Self::from(Source::Wall)
    }

    /// A clock that follows another one, told from time to time by [`Clock::follow`].
    #[must_use]
    pub fn anchored() -> Self {
        Self::from(Source::Anchored {
            started: Instant::now(),
            at_start: AtomicI64::new(wall_millis()),
            told_after: AtomicI64::new(i64::MIN),
        })
    }

    #[must_use]
    pub fn still(at: Timestamp) -> Self {
        Self::from(Source::Still(AtomicI64::new(at.millis())))
    }

    fn from(source: Source) -> Self {
        Self {
            source,
            offset: AtomicI64::new(0),
        }
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        let base = match &self.source {
            Source::Wall => wall_millis(),
            Source::Anchored {
                started, at_start, ..
            } => at_start.load(Ordering::Relaxed) + millis(started.elapsed()),
            Source::Still(at) => at.load(Ordering::Relaxed),
        };
        Timestamp(base.saturating_add(self.offset.load(Ordering::Relaxed)))
    }

    /// Moves the clock. Only test mode and tests call this.
    pub fn advance(&self, by: Duration) {
        self.offset.fetch_add(millis(by), Ordering::Relaxed);
    }

    /// How far it was moved.
    #[must_use]
    pub fn moved(&self) -> Duration {
        let millis = self.offset.load(Ordering::Relaxed);
        Duration::from_millis(u64::try_from(millis).unwrap_or_default())
    }

    /// Moves the clock back. Only tests call this.
    pub fn step_back(&self, by: Duration) {
        self.offset.fetch_sub(millis(by), Ordering::Relaxed);
    }

    /// Hangs an anchored clock on what the database's clock said, which was `asked` then: half of
    /// the time until now has passed since it said so, give or take the other half. Where that is
    /// long, the clock goes on for a minute as it was told before. A wall or still clock takes no
    /// notice.
    pub fn follow(&self, told: Timestamp, asked: Instant) {
        let Source::Anchored {
            started,
            at_start,
            told_after,
        } = &self.source
        else {
            return;
        };
        let now = Instant::now();
        let apart = now.saturating_duration_since(asked);
        let passed = millis(now.saturating_duration_since(*started));
        let silent = passed.saturating_sub(told_after.load(Ordering::Relaxed));
        if apart > FAR_APART && silent < millis(GOES_ON) {
            return;
        }
        told_after.store(passed, Ordering::Relaxed);
        let told = told + apart / 2;
        at_start.store(told.millis() - passed, Ordering::Relaxed);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the system clock"
)]
fn wall_millis() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_that_somebody_writes_is_of_a_year_of_four_digits() {
        for (millis, shown) in [
            (FIRST, "0001-01-01T00:00:00.000Z"),
            (0, "1970-01-01T00:00:00.000Z"),
            (LAST, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::checked(millis).unwrap().iso(), shown);
        }
        for millis in [i64::MIN, FIRST - 1, LAST + 1, i64::MAX] {
            assert_eq!(Timestamp::checked(millis), None, "{millis}");
        }
        for text in [
            "+10000-01-01",
            "10000-01-01",
            "-0001-01-01",
            "0000-12-31",
            "+2026-01-01",
            " 2026-01-01",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        assert_eq!(
            Timestamp::from_millis(i64::MAX).iso(),
            "9999-12-31T23:59:59.999Z"
        );
    }

    #[test]
    fn iso_has_milliseconds_and_z() {
        assert_eq!(
            Timestamp::from_millis(1_412_236_405_361).iso(),
            "2014-10-02T07:53:25.361Z"
        );
    }

    #[test]
    fn a_still_clock_moves_only_by_hand() {
        let clock = Clock::still(Timestamp::from_millis(5));
        assert_eq!(clock.now().millis(), 5);
        clock.advance(Duration::from_secs(2));
        assert_eq!(clock.now().millis(), 2005);
        clock.follow(Timestamp::from_millis(77), Instant::now());
        assert_eq!(clock.now().millis(), 2005);
    }

    #[test]
    fn an_anchored_clock_follows_what_it_is_told() {
        let clock = Clock::anchored();
        clock.follow(Timestamp::from_millis(1_000_000), Instant::now());
        let now = clock.now().millis();
        assert!((1_000_000..1_005_000).contains(&now), "{now}");
    }

    #[test]
    fn r18_an_answer_that_was_long_on_its_way_moves_a_clock_half_of_it_or_not_at_all() {
        let told = Timestamp::from_millis(1_000_000);
        let ago = |millis| Instant::now().checked_sub(Duration::from_millis(millis));
        let clock = Clock::anchored();
        // There is nothing better at first.
        clock.follow(told, ago(60_000).unwrap());
        let now = clock.now().millis();
        assert!((1_030_000..1_035_000).contains(&now), "{now}");
        clock.follow(told, ago(60_000).unwrap());
        clock.follow(told + Duration::from_secs(3600), ago(201).unwrap());
        let now = clock.now().millis();
        assert!((1_030_000..1_040_000).contains(&now), "{now}");
        clock.follow(told, ago(100).unwrap());
        let now = clock.now().millis();
        assert!((1_000_050..1_005_000).contains(&now), "{now}");
        // Where the way is always long, it is better than none after a while.
        let clock = Clock::from(Source::Anchored {
            started: ago(120_000).unwrap(),
            at_start: AtomicI64::new(0),
            told_after: AtomicI64::new(59_000),
        });
        clock.follow(told, ago(1_000).unwrap());
        let now = clock.now().millis();
        assert!((1_000_500..1_005_000).contains(&now), "{now}");
    }
}
