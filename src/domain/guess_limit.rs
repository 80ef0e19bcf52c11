//! How guessing is slowed (semantics 4), and so why a sign-in is 429: the arithmetic of a counter,
//! without storage. `service/attempts/guess_budget.rs` asks it for each counter of an attempt;
//! `http/peers/rate_limit.rs` bounds requests before anybody looks what they ask.
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
    /// Failures before these that an unlock forgave and no success has ended. Nobody waits for
    /// them, and whoever is told of a row of failures is told of them still.
    pub forgiven: i64,
}

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everything that checks a secret of one account.
    Account,
    /// One account from all browsers together that it signed in from before.
    Device,
    /// One account from one address that it signed in from of late.
    Household,
    /// What the holder of one session's access token guesses of its account's secrets.
    Session,
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
    /// The guests that one client address begins, and the networks around it.
    Guest,
    GuestNetwork,
    GuestSite,
}

/// Attempts that cost no waiting.
const FREE: i64 = 5;

/// The longest wait between two attempts, in seconds.
const LONGEST_WAIT: i64 = 900;

/// Consecutive failures after which a password is suspended (NIST SP 800-63B 3.2.2): one
/// attempt a day is looked at. Not none, or a hundred requests of a stranger would shut an
/// account for ever; a thousand guesses in three years find nothing.
const SUSPENDED_AT: i64 = 100;
const SUSPENDED_WAIT: i64 = 86_400;

/// At so many consecutive failures somebody should be told.
const TOLD_AT: [i64; 2] = [10, 50];

/// Where failures were forgiven, at each so many of all of them: an unlock after every few would
/// else keep the row short of the first of those for ever.
const TOLD_EACH: i64 = 10;

/// A session may guess so often. It is closed to guesses then: who forgot the password has
/// no use for another wait, and who stole the token gets no more of them.
const SESSION_GUESSES: i64 = 5;

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

/// So many guests may begin from an address within an hour, and from the networks around it.
const GUESTS: i64 = 30;
const NETWORK_GUESTS: i64 = 120;
const SITE_GUESTS: i64 = 480;
const GUEST_WINDOW: Duration = Duration::from_secs(3600);

/// How long a counter is kept after its last failure: shortly where it costs no waiting
/// yet, so that a flood of made-up names leaves little behind (B15). One that suspends a
/// password is kept until it is lifted.
const KEPT_FREE: Duration = Duration::from_secs(86_400);
const KEPT: Duration = Duration::from_secs(30 * 86_400);
pub const FOR_EVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// No counter waits for longer than its kind does. An instant so much further ahead was
/// written by a clock that was ahead, and says nothing.
const DOUBT: Duration = Duration::from_secs(60);

/// How long to wait; not told where waiting does not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MustWait {
    pub wait_seconds: Option<u32>,
}

impl MustWait {
    fn until(then: Timestamp, now: Timestamp) -> Self {
        Self {
            wait_seconds: Some(seconds_until(then, now)),
        }
    }
}

/// What a row of failures has come to, where somebody should be told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Milestone {
    Guessed,
    Suspended,
}

impl Counter {
    /// Counts an attempt at `now`.
    ///
    /// Where the clock was ahead and went back, one attempt is looked at for which it may
    /// be too early: counted like any other, it sets the counter right (S8). To refuse it
    /// would have to write as well, or the wait would begin anew with each attempt.
    ///
    /// # Errors
    /// [`MustWait`] where it must not even be looked at; nothing is counted then.
    pub fn count(self, kind: Kind, now: Timestamp) -> Result<Self, MustWait> {
        match kind {
            Kind::Account | Kind::Device | Kind::Household => self.count_account(now),
            Kind::Session => self.count_session(now),
            Kind::Code => self.count_code(&CODES, now),
            Kind::DeviceCode => self.count_code(&DEVICE_CODES, now),
            Kind::Address => self.count_within(ADDRESS_WINDOW, ADDRESS_FAILURES, now),
            Kind::Network => self.count_within(ADDRESS_WINDOW, NETWORK_FAILURES, now),
            Kind::Site => self.count_within(ADDRESS_WINDOW, SITE_FAILURES, now),
            Kind::Guest => self.count_within(GUEST_WINDOW, GUESTS, now),
            Kind::GuestNetwork => self.count_within(GUEST_WINDOW, NETWORK_GUESTS, now),
            Kind::GuestSite => self.count_within(GUEST_WINDOW, SITE_GUESTS, now),
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

    /// What this very failure makes of the row.
    #[must_use]
    pub fn milestone(self, kind: Kind) -> Option<Milestone> {
        match kind {
            Kind::Account | Kind::Device | Kind::Household => {}
            _ => return None,
        }
        if self.failures == SUSPENDED_AT {
            return Some(Milestone::Suspended);
        }
        let all = self.failures + self.forgiven;
        let is_told = match self.forgiven {
            0 => TOLD_AT.contains(&all),
            _ => !self.is_suspended() && all % TOLD_EACH == 0,
        };
        is_told.then_some(Milestone::Guessed)
    }

    /// Whether one attempt a day is all that is looked at.
    #[must_use]
    pub const fn is_suspended(self) -> bool {
        self.failures >= SUSPENDED_AT
    }

    fn count_account(self, now: Timestamp) -> Result<Self, MustWait> {
        let longest = if self.is_suspended() {
            SUSPENDED_WAIT
        } else {
            LONGEST_WAIT
        };
        if now < self.next_at && !is_doubtful(self.next_at, longest, now) {
            return Err(MustWait::until(self.next_at, now));
        }
        let failures = self.failures + 1;
        let next_at = if failures >= SUSPENDED_AT {
            Timestamp::from_millis(now.millis() + SUSPENDED_WAIT * 1000)
        } else if failures < FREE {
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
            ..self
        })
    }

    fn count_session(self, now: Timestamp) -> Result<Self, MustWait> {
        if self.failures >= SESSION_GUESSES {
            return Err(MustWait { wait_seconds: None });
        }
        Ok(Self {
            failures: self.failures + 1,
            since: if self.failures == 0 { now } else { self.since },
            ..self
        })
    }

    /// A bucket that leaks. No success empties it, or its owner's sign-ins would buy a
    /// guesser ten codes each.
    fn count_code(self, bucket: &Bucket, now: Timestamp) -> Result<Self, MustWait> {
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
            return Err(MustWait::until(since + bucket.every, now));
        }
        Ok(Self {
            failures: failures + 1,
            since,
            ..self
        })
    }

    fn count_within(self, window: Duration, most: i64, now: Timestamp) -> Result<Self, MustWait> {
        let ends = self.since + window;
        if self.failures == 0 || now >= ends {
            return Ok(Self {
                failures: 1,
                next_at: now,
                since: now,
                forgiven: 0,
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
            return Err(MustWait::until(ends, now));
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
            Kind::Account | Kind::Device | Kind::Household if self.is_suspended() => FOR_EVER,
            Kind::Account | Kind::Device | Kind::Household
                if self.failures < FREE && self.forgiven == 0 =>
            {
                now + KEPT_FREE
            }
            Kind::Account | Kind::Device | Kind::Household | Kind::Session => now + KEPT,
            Kind::Code => self.empty_at(&CODES),
            Kind::DeviceCode => self.empty_at(&DEVICE_CODES),
            Kind::Address | Kind::Network | Kind::Site => self.since + ADDRESS_WINDOW,
            Kind::Guest | Kind::GuestNetwork | Kind::GuestSite => self.since + GUEST_WINDOW,
        }
    }
}

/// When failures that are forgiven now are forgotten.
#[must_use]
pub fn forgiven_until(now: Timestamp) -> Timestamp {
    now + KEPT
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
mod tests;
