//! How guessing is slowed (semantics 4): the arithmetic of a counter, without storage.
//!
//! An attempt is counted *before* it is looked at, and taken back when it was a good
//! one: a parallel burst can not pass, and a crash counts as a failure.

use std::time::Duration;

use crate::support::clock::Timestamp;

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
    /// One account from one browser that it signed in from before.
    Device,
    /// One client address.
    Address,
}

/// Attempts that cost no waiting.
const FREE: i64 = 5;

/// The longest wait between two attempts, in seconds.
const LONGEST_WAIT: i64 = 900;

/// Consecutive failures after which a password is suspended (NIST SP 800-63B 3.2.2).
const SUSPENDED_AT: i64 = 100;

/// An address may fail so often within its window.
const ADDRESS_FAILURES: i64 = 30;
const ADDRESS_WINDOW: Duration = Duration::from_secs(300);

/// How long a counter is kept after its last failure.
const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// How long to wait; `suspended` where waiting does not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub wait_seconds: u32,
    pub suspended: bool,
}

impl Counter {
    /// Counts an attempt at `now`.
    ///
    /// # Errors
    /// [`Refused`] where it must not even be looked at; nothing is counted then.
    pub fn count(self, kind: Kind, now: Timestamp) -> Result<Self, Refused> {
        match kind {
            Kind::Address => self.count_address(now),
            Kind::Account | Kind::Device => self.count_account(now),
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
        if now < self.next_at {
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

    fn count_address(self, now: Timestamp) -> Result<Self, Refused> {
        let ends = self.since + ADDRESS_WINDOW;
        if self.failures == 0 || now >= ends {
            return Ok(Self {
                failures: 1,
                next_at: now,
                since: now,
            });
        }
        if self.failures >= ADDRESS_FAILURES {
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

    /// When the counter can be forgotten.
    #[must_use]
    pub fn expires_at(self, kind: Kind, now: Timestamp) -> Timestamp {
        match kind {
            Kind::Address => self.since + ADDRESS_WINDOW,
            Kind::Account | Kind::Device => now + KEPT,
        }
    }
}

fn seconds_until(then: Timestamp, now: Timestamp) -> u32 {
    let seconds = (then.millis_since(now) + 999) / 1000;
    u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
