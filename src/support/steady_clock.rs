//! A clock for what can not be undone. The wall clock, and the database's, may leap: a
//! wrong time server, a virtual machine that wakes up. What was deleted because it seemed
//! old does not come back with the right time (S8), so deleting goes by this one.

use std::time::{Duration, Instant};

use crate::support::clock::{Timestamp, millis};

/// What is no leap but a correction.
const LEEWAY: Duration = Duration::from_secs(60);

/// A leap that has held for so long is the time. No access token lives longer, so that by
/// then none is left that a deleted revocation could have spoken of.
const HOLDS: Duration = Duration::from_secs(7 * 86_400);

/// An instant that was told once, and the time that has passed since by a clock that does
/// not leap. Where that one stands still (a machine that sleeps) this one is late, which
/// only keeps things for longer.
pub struct Steady {
    told: Timestamp,
    at: Instant,
    leapt_at: Option<Instant>,
}

impl Steady {
    #[must_use]
    pub const fn new(now: Timestamp, at: Instant) -> Self {
        Self {
            told: now,
            at,
            leapt_at: None,
        }
    }

    /// Everything before this is over, whatever the clock says. `now` is what it says, `at`
    /// the same instant by the clock that does not leap.
    pub fn tell(&mut self, now: Timestamp, at: Instant) -> Timestamp {
        let steady = self.told + at.saturating_duration_since(self.at);
        let apart = now.millis_since(steady);
        if apart.abs() <= millis(LEEWAY) {
            self.leapt_at = None;
        } else {
            let since = *self.leapt_at.get_or_insert_with(|| {
                log::warn!(
                    "the clock has leapt by {} seconds: until it is right again, or has held \
                     for a week, nothing is deleted that is only old by it",
                    apart / 1000
                );
                at
            });
            if at.saturating_duration_since(since) >= HOLDS {
                *self = Self::new(now, at);
                return now;
            }
        }
        now.min(steady)
    }

    /// Whether the clock has leapt, so that what is due by it may not be.
    #[must_use]
    pub const fn has_leapt(&self) -> bool {
        self.leapt_at.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    /// Seconds of the clock that leaps, and of the one that does not: what is told.
    #[track_caller]
    fn told(steady: &mut Steady, began: Instant, now: u64, at: u64) -> (i64, bool) {
        let now = Timestamp::from_seconds(now.try_into().unwrap());
        let told = steady.tell(now, began + Duration::from_secs(at));
        (told.seconds(), steady.has_leapt())
    }

    #[test]
    fn s8_a_leap_is_believed_once_no_token_of_before_is_left() {
        let began = Instant::now();
        let mut steady = Steady::new(Timestamp::from_seconds(0), began);
        let mut told = |now, at| told(&mut steady, began, now, at);
        // As it should be, and corrected by a little: what is told never runs ahead.
        assert_eq!(told(60, 60), (60, false));
        assert_eq!(told(150, 120), (120, false));
        assert_eq!(told(170, 180), (170, false));
        // A day ahead for five minutes, and back: it had never been told.
        assert_eq!(told(DAY + 240, 240), (240, true));
        assert_eq!(told(DAY + 540, 540), (540, true));
        assert_eq!(told(600, 600), (600, false));
        // Held for a week, it is the time.
        assert_eq!(told(DAY + 660, 660), (660, true));
        assert!(told(8 * DAY + 659, 7 * DAY + 659).1);
        assert_eq!(told(8 * DAY + 660, 7 * DAY + 660), (691_860, false));
        assert_eq!(told(8 * DAY + 720, 7 * DAY + 720), (691_920, false));
    }

    #[test]
    fn s7_a_clock_that_went_back_is_followed_at_once() {
        let began = Instant::now();
        let mut steady = Steady::new(Timestamp::from_seconds(1_000_000), began);
        let mut told = |now, at| told(&mut steady, began, now, at);
        assert_eq!(told(900_000, 60), (900_000, true));
        assert_eq!(told(1_000_120, 120), (1_000_120, false));
    }
}
