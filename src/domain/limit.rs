//! How guessing is slowed (semantics 4): the arithmetic of a counter, without storage.
//!
//! An attempt is counted *before* it is looked at, and taken back when it was a good
//! one: a parallel burst can not pass, and a crash counts as a failure.

use std::time::Duration;

use crate::support::clock::{Timestamp, millis};

/// Failures of one key in a row, or within a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    pub failures: i64,
    /// No attempt is looked at before this instant.
    pub next_at: Timestamp,
    pub since: Timestamp,
}

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everything that checks a secret of one account.
    Account,
    /// One account from all browsers together that it signed in from before.
    Device,
    /// The second factor of one account: guessed at by somebody who knows the password.
    Code,
    /// The same from all such browsers together.
    DeviceCode,
    /// One client address: IPv4, or 64 bits of IPv6.
    Address,
    /// 56 bits of IPv6: what a household may be given.
    Network,
    /// 48 bits of IPv6: what a company may be given.
    Site,
}

/// Attempts that cost no waiting.
const FREE: i64 = 5;

/// The longest wait between two attempts, in seconds.
const LONGEST_WAIT: i64 = 900;

/// Consecutive failures after which a password is suspended (NIST SP 800-63B 3.2.2).
const SUSPENDED_AT: i64 = 100;

/// So many codes may be wrong at once, and one more each time this has passed: 22 within
/// any day, and 11 more for who has a mark. With three of a million right at a time, that
/// is a chance of 9.9e-5 for both together (M4).
const CODES: Bucket = Bucket {
    most: 10,
    every: Duration::from_secs(2 * 3600),
};
const DEVICE_CODES: Bucket = Bucket {
    most: 5,
    every: Duration::from_secs(4 * 3600),
};

struct Bucket {
    most: i64,
    every: Duration,
}

/// An address, and the wider networks that it lies in, may fail so often in a window.
/// Wider ones are weaker: strangers share them (B5).
const ADDRESS_FAILURES: i64 = 30;
const NETWORK_FAILURES: i64 = 120;
const SITE_FAILURES: i64 = 480;
const ADDRESS_WINDOW: Duration = Duration::from_secs(300);

/// How long a counter is kept after its last failure: shortly where it costs no waiting
/// yet, so that a flood of made-up names leaves little behind (B15). One that suspends a
/// password is kept until it is lifted.
const KEPT_FREE: Duration = Duration::from_secs(86_400);
const KEPT: Duration = Duration::from_secs(30 * 86_400);
const FOR_EVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// No counter waits for longer than its kind does. An instant so much further ahead was
/// written by a clock that was ahead, and says nothing.
const DOUBT: Duration = Duration::from_secs(60);

/// How long to wait; `suspended` where waiting does not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub wait_seconds: u32,
    pub suspended: bool,
}

impl Counter {
    /// Counts an attempt at `now`.
    ///
    /// Where the clock was ahead and went back, one attempt is looked at for which it may
    /// be too early: counted like any other, it sets the counter right (S8). To refuse it
    /// would have to write as well, or the wait would begin anew with each attempt.
    ///
    /// # Errors
    /// [`Refused`] where it must not even be looked at; nothing is counted then.
    pub fn count(self, kind: Kind, now: Timestamp) -> Result<Self, Refused> {
        match kind {
            Kind::Account | Kind::Device => self.count_account(now),
            Kind::Code => self.count_code(&CODES, now),
            Kind::DeviceCode => self.count_code(&DEVICE_CODES, now),
            Kind::Address => self.count_address(ADDRESS_FAILURES, now),
            Kind::Network => self.count_address(NETWORK_FAILURES, now),
            Kind::Site => self.count_address(SITE_FAILURES, now),
        }
    }

    /// Whether no further attempt is free: of a code, that somebody guesses who knows the
    /// password.
    #[must_use]
    pub const fn is_used_up(self, kind: Kind) -> bool {
        match kind {
            Kind::Code => self.failures >= CODES.most,
            Kind::DeviceCode => self.failures >= DEVICE_CODES.most,
            _ => false,
        }
    }

    fn count_account(self, now: Timestamp) -> Result<Self, Refused> {
        if self.failures >= SUSPENDED_AT {
            let wait_seconds = u32::try_from(LONGEST_WAIT).unwrap_or(u32::MAX);
            return Err(Refused {
                wait_seconds,
                suspended: true,
            });
        }
        if now < self.next_at && !is_doubtful(self.next_at, LONGEST_WAIT, now) {
            return Err(Refused {
                wait_seconds: seconds_until(self.next_at, now),
                suspended: false,
            });
        }
        let failures = self.failures + 1;
        let next_at = if failures < FREE {
            // Not `now`: a clock that goes back would make even a free attempt wait.
            self.next_at
        } else {
            // 1, 2, 4, … seconds; the exponent is bounded before the shift.
            let wait = (1_i64 << (failures - FREE).min(20)).min(LONGEST_WAIT);
            Timestamp::from_millis(now.millis() + wait * 1000)
        };
        let since = if self.failures == 0 { now } else { self.since };
        Ok(Self {
            failures,
            next_at,
            since,
        })
    }

    /// A bucket that leaks. No success empties it, or its owner's sign-ins would buy a
    /// guesser ten codes each.
    fn count_code(self, bucket: &Bucket, now: Timestamp) -> Result<Self, Refused> {
        if is_doubtful(self.since, 0, now) {
            return Ok(Self {
                failures: (self.failures + 1).min(bucket.most),
                since: now,
                ..self
            });
        }
        let every = millis(bucket.every);
        // A clock that went back forgives nothing.
        let leaked = (now.millis_since(self.since).max(0) / every).min(self.failures);
        let failures = self.failures - leaked;
        let since = if failures == 0 {
            now
        } else {
            Timestamp::from_millis(self.since.millis() + leaked * every)
        };
        if failures >= bucket.most {
            return Err(Refused {
                wait_seconds: seconds_until(since + bucket.every, now),
                suspended: false,
            });
        }
        Ok(Self {
            failures: failures + 1,
            next_at: self.next_at,
            since,
        })
    }

    fn count_address(self, most: i64, now: Timestamp) -> Result<Self, Refused> {
        let ends = self.since + ADDRESS_WINDOW;
        if self.failures == 0 || now >= ends {
            return Ok(Self {
                failures: 1,
                next_at: now,
                since: now,
            });
        }
        if is_doubtful(self.since, 0, now) {
            return Ok(Self {
                failures: (self.failures + 1).min(most),
                since: now,
                ..self
            });
        }
        if self.failures >= most {
            return Err(Refused {
                wait_seconds: seconds_until(ends, now),
                suspended: false,
            });
        }
        Ok(Self {
            failures: self.failures + 1,
            ..self
        })
    }

    fn empty_at(self, bucket: &Bucket) -> Timestamp {
        let leaks = self.failures.saturating_mul(millis(bucket.every));
        Timestamp::from_millis(self.since.millis().saturating_add(leaks))
    }

    /// When the counter can be forgotten.
    #[must_use]
    pub fn expires_at(self, kind: Kind, now: Timestamp) -> Timestamp {
        match kind {
            Kind::Account | Kind::Device if self.failures >= SUSPENDED_AT => FOR_EVER,
            Kind::Account | Kind::Device if self.failures < FREE => now + KEPT_FREE,
            Kind::Account | Kind::Device => now + KEPT,
            Kind::Code => self.empty_at(&CODES),
            Kind::DeviceCode => self.empty_at(&DEVICE_CODES),
            Kind::Address | Kind::Network | Kind::Site => self.since + ADDRESS_WINDOW,
        }
    }
}

/// Whether an instant that lies at most so many seconds ahead lies further.
fn is_doubtful(instant: Timestamp, most_ahead: i64, now: Timestamp) -> bool {
    instant.millis_since(now) > most_ahead * 1000 + millis(DOUBT)
}

fn seconds_until(then: Timestamp, now: Timestamp) -> u32 {
    let seconds = (then.millis_since(now) + 999) / 1000;
    u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000 + seconds * 1000)
    }

    /// The seconds that must be waited before each further attempt.
    #[test]
    fn b1_the_curve_of_an_account() {
        let mut counter = Counter::default();
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..100 {
            counter = counter.count(Kind::Account, now).unwrap();
            let wait = counter.next_at.millis_since(now).max(0) / 1000;
            waits.push(wait);
            if wait > 0 {
                let early = counter.count(Kind::Account, now).unwrap_err();
                assert_eq!(i64::from(early.wait_seconds), wait);
            }
            now = now.max(counter.next_at);
        }
        assert_eq!(
            waits[..16],
            [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
        );
        assert!(waits[16..].iter().all(|wait| *wait == 900));
        let refused = counter
            .count(Kind::Account, now + Duration::from_secs(86_400))
            .unwrap_err();
        assert!(refused.suspended);
    }

    #[test]
    fn b1_a_free_attempt_does_not_wait_for_a_clock_that_went_back() {
        let counter = Counter::default().count(Kind::Account, at(0)).unwrap();
        assert!(counter.count(Kind::Account, at(-61)).is_ok());
    }

    /// Before the clock went back: used up by as many failures as it takes.
    #[test]
    fn s8_a_clock_that_was_ahead_costs_no_more_than_the_longest_wait() {
        for (kind, failures, longest) in [
            (Kind::Account, 16, 900),
            (Kind::Device, 16, 900),
            (Kind::Code, 10, 7200),
            (Kind::DeviceCode, 5, 14_400),
            (Kind::Address, 30, 300),
            (Kind::Network, 120, 300),
            (Kind::Site, 480, 300),
        ] {
            let mut counter = Counter::default();
            let mut ahead = at(DAY);
            for _ in 0..failures {
                ahead = ahead.max(counter.next_at);
                counter = counter.count(kind, ahead).unwrap();
            }
            assert!(counter.count(kind, ahead).is_err(), "{kind:?}");
            // One attempt is looked at, and nothing is forgiven by it.
            let counted = counter.count(kind, at(0)).unwrap();
            assert!(counted.failures >= counter.failures, "{kind:?}");
            let refused = counted.count(kind, at(0)).unwrap_err();
            assert_eq!(i64::from(refused.wait_seconds), longest, "{kind:?}");
            assert!(counted.count(kind, at(longest)).is_ok(), "{kind:?}");
            let expires_at = counted.expires_at(kind, at(0));
            assert!(expires_at <= at(30 * DAY), "{kind:?}");
        }
    }

    #[test]
    fn s8_a_clock_that_went_back_a_little_frees_no_attempt() {
        for (kind, failures) in [(Kind::Account, 16), (Kind::Code, 10), (Kind::Address, 30)] {
            let mut counter = Counter::default();
            let mut now = at(0);
            for _ in 0..failures {
                now = now.max(counter.next_at);
                counter = counter.count(kind, now).unwrap();
            }
            let back = Timestamp::from_millis(now.millis() - 60_000);
            assert!(counter.count(kind, back).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn s8_a_suspension_outlasts_every_clock() {
        let suspended = Counter {
            failures: 100,
            next_at: at(86_400),
            since: at(86_400),
        };
        let refused = suspended.count(Kind::Account, at(0)).unwrap_err();
        assert!(refused.suspended);
    }

    #[test]
    fn b7_an_address_has_thirty_failures_in_five_minutes() {
        let mut counter = Counter::default();
        for second in 0..30 {
            counter = counter.count(Kind::Address, at(second)).unwrap();
        }
        let refused = counter.count(Kind::Address, at(100)).unwrap_err();
        assert_eq!(
            refused,
            Refused {
                wait_seconds: 200,
                suspended: false
            }
        );
        assert_eq!(counter.count(Kind::Address, at(300)).unwrap().failures, 1);
    }

    /// The instants of four days at which a code is looked at, of one each minute.
    fn looked_at(kind: Kind) -> Vec<i64> {
        let mut counter = Counter::default();
        let mut looked_at = Vec::new();
        for second in (0..4 * DAY).step_by(60) {
            if let Ok(counted) = counter.count(kind, at(second)) {
                counter = counted;
                looked_at.push(second);
            }
        }
        looked_at
    }

    /// The arithmetic of docs/SECURITY.md: the chance to guess a code within a day, for
    /// who has both budgets of an account.
    #[test]
    fn m4_whoever_knows_the_password_guesses_a_code_with_less_than_one_in_ten_thousand() {
        let (codes, device_codes) = (looked_at(Kind::Code), looked_at(Kind::DeviceCode));
        let most = |looked_at: &[i64]| {
            let within = |from: i64| {
                let day = from..=from + DAY;
                looked_at
                    .iter()
                    .filter(|second| day.contains(second))
                    .count()
            };
            (0..3 * DAY).step_by(60).map(within).max().unwrap()
        };
        assert_eq!((most(&codes), most(&device_codes)), (22, 11));
        // Three codes of a million are right at a time: 33 * 3e-6 is 9.9e-5.
        assert!((22 + 11) * 3 * 10_000 < 1_000_000);
        assert_eq!(
            codes[..12],
            [0, 60, 120, 180, 240, 300, 360, 420, 480, 540, 7200, 14_400]
        );
        assert_eq!(device_codes[..6], [0, 60, 120, 180, 240, 14_400]);
    }

    #[test]
    fn m4_a_full_bucket_says_how_long_and_a_clock_that_went_back_empties_none() {
        let mut counter = Counter::default();
        for _ in 0..10 {
            assert!(!counter.is_used_up(Kind::Code));
            counter = counter.count(Kind::Code, at(0)).unwrap();
        }
        assert!(counter.is_used_up(Kind::Code));
        let wait = |second| {
            counter
                .count(Kind::Code, at(second))
                .unwrap_err()
                .wait_seconds
        };
        assert_eq!((wait(0), wait(7199), wait(-60)), (7200, 1, 7260));
        assert_eq!(counter.expires_at(Kind::Code, at(0)), at(72_000));
        let later = counter.count(Kind::Code, at(72_000)).unwrap();
        assert_eq!((later.failures, later.since), (1, at(72_000)));
    }

    #[test]
    fn b5_a_wider_network_has_a_weaker_limit() {
        for (kind, most) in [(Kind::Address, 30), (Kind::Network, 120), (Kind::Site, 480)] {
            let mut counter = Counter::default();
            for _ in 0..most {
                counter = counter.count(kind, at(0)).unwrap();
            }
            assert_eq!(counter.count(kind, at(0)).unwrap_err().wait_seconds, 300);
        }
    }

    #[test]
    fn b15_few_failures_are_kept_for_a_day_and_a_suspension_until_it_is_lifted() {
        let kept = |failures| {
            let counter = Counter {
                failures,
                ..Counter::default()
            };
            counter.expires_at(Kind::Account, at(0))
        };
        assert_eq!(kept(4), at(86_400));
        assert_eq!(kept(5), at(30 * 86_400));
        assert_eq!(kept(99), at(30 * 86_400));
        assert_eq!(kept(100), Timestamp::from_millis(i64::MAX));
    }
}
