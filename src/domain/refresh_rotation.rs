//! The refresh state machine (semantics 1, rules 3 to 9), as a pure function: what
//! must happen when a token of some generation is presented to a session that
//! stands at another. It knows no database, no token text and no HTTP:
//! `service/tokens/rotate_refresh_token.rs` does what it says.
//!
//! Rules 1 and 2 (is it a token at all, is the session alive) come before it.

use std::time::Duration;

use crate::domain::recent_generations::Recent;
use crate::support::clock::{Timestamp, millis};

/// Where a session stands: the part of its row that rotation reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The generation whose token the client should hold now. Never decreases.
    pub number: u32,
    /// When that generation began, or was given again to a client that never got it.
    pub rotated_at: Timestamp,
    /// How often the generation before it was answered again.
    pub replays: u32,
    /// Whether any route has seen an access or refresh token of this generation.
    pub seen: bool,
    /// When those before it began, as far as a grace ago.
    pub recent: Recent,
}

impl Generation {
    /// A session's first.
    #[must_use]
    pub fn first(now: Timestamp) -> Self {
        Self {
            number: 0,
            rotated_at: now,
            replays: 0,
            seen: false,
            recent: Recent::default(),
        }
    }

    /// The one that follows, from now on.
    #[must_use]
    pub fn next(self, now: Timestamp, policy: RotationRules) -> Self {
        // A clock that went back says nothing of how long ago: as if it had been now.
        let elapsed = now.millis_since(self.rotated_at).max(0);
        let recent = match self.number {
            // Nobody was ever replaced by the first one.
            0 => Recent::default(),
            _ => self.recent.then(elapsed, millis(policy.grace)),
        };
        Self {
            number: self.number + 1,
            recent,
            ..Self::first(now)
        }
    }

    /// The same one, given again from now on to a client that never got it: its other tabs,
    /// which wake with it, have a grace of their own. (Those before are older than one.)
    #[must_use]
    pub fn given_again(self, now: Timestamp) -> Self {
        Self {
            number: self.number,
            replays: self.replays + 1,
            seen: self.seen,
            ..Self::first(now)
        }
    }

    /// How long before the present generation the token of an older one, `number`, was
    /// replaced. `None` where that is longer ago than is remembered.
    fn replaced(&self, number: u32) -> Option<i64> {
        match self.number - number {
            0 => None,
            1 => Some(0),
            distance => self.recent.before_last(usize::try_from(distance - 2).ok()?),
        }
    }
}

/// The settings of rotation.
#[derive(Clone, Copy, Debug)]
pub struct RotationRules {
    /// How long the predecessor is answered with the same successor. Zero is strict:
    /// any reuse ends the session (ASVS 10.4.5).
    pub grace: Duration,
    /// How often, at the most.
    pub max_replays: u32,
    /// How long after its rotation an unseen successor may still be fetched again.
    pub recovery: Duration,
}

/// A clock that seems to have gone back by more than this is not to be trusted.
const DOUBTFUL: i64 = -60_000;

/// What must happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rule 3: the current token. Move to the next generation.
    Rotate,
    /// Rule 4: its predecessor, inside the grace. Answer the same successor.
    Replay,
    /// Rule 5: its predecessor, late, while the successor was never seen: the answer
    /// was lost. Answer the same successor.
    Recover,
    /// Rule 4's end: answered too often.
    TooManyReplays,
    /// Rule 7's end: rotated too often within a grace. Refuse, and say how long to wait.
    TooManyRotations(Duration),
    /// Rules 7 and 9: a late tab, or a clock in doubt. Refuse and change nothing.
    Late,
    /// Rule 6: the token is ahead of the database, so the database is older: a backup
    /// was restored. Refuse, raise the alarm, change nothing.
    Ahead,
    /// Rule 8: somebody else holds the successor. End the session.
    Reuse,
}

#[must_use]
pub fn step(current: Generation, presented: u32, now: Timestamp, policy: RotationRules) -> Step {
    let elapsed = now.millis_since(current.rotated_at);
    let grace = millis(policy.grace);
    if presented == current.number {
        return match wait(&current, elapsed, grace) {
            Some(wait) => Step::TooManyRotations(wait),
            None => Step::Rotate,
        };
    }
    if presented > current.number {
        return Step::Ahead;
    }
    if elapsed <= DOUBTFUL {
        return Step::Late;
    }
    if policy.grace.is_zero() {
        return Step::Reuse;
    }
    let elapsed = elapsed.max(0);
    let predecessor = presented + 1 == current.number;
    // Since its own successor began, not since the last rotation: a thief renews that.
    let replaced = current.replaced(presented);
    let in_grace = replaced.is_some_and(|age| age.saturating_add(elapsed) <= grace);
    let may_recover = !current.seen && elapsed <= millis(policy.recovery);
    match (predecessor, in_grace) {
        (true, _) if (in_grace || may_recover) && current.replays >= policy.max_replays => {
            Step::TooManyReplays
        }
        (true, true) => Step::Replay,
        (true, false) if may_recover => Step::Recover,
        (false, true) => Step::Late,
        _ => Step::Reuse,
    }
}

/// How long the next rotation must wait, where the last sixteen all fell within a grace:
/// more are not remembered. An honest client rotates once in the life of an access token.
fn wait(current: &Generation, elapsed: i64, grace: i64) -> Option<Duration> {
    if elapsed <= DOUBTFUL {
        return None;
    }
    let first = current
        .recent
        .oldest_of_all()?
        .saturating_add(elapsed.max(0));
    let left = u64::try_from(grace.saturating_sub(first)).ok()?;
    (left > 0).then(|| Duration::from_millis(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RotationRules = RotationRules {
        grace: Duration::from_secs(30),
        max_replays: 60,
        recovery: Duration::from_secs(86_400),
    };

    const ROTATED: i64 = 1_000_000_000;

    fn at(number: u32, replays: u32, seen: bool) -> Generation {
        Generation {
            number,
            rotated_at: Timestamp::from_millis(ROTATED),
            replays,
            seen,
            // The one before began 10 s earlier, and the one before that another 15.
            recent: "10000,25000".parse().unwrap(),
        }
    }

    fn after(millis: i64) -> Timestamp {
        Timestamp::from_millis(ROTATED + millis)
    }

    /// Semantics 1, rule by rule, with the edges of each window.
    #[test]
    fn the_table_of_rules() {
        let table = [
            // rule 3
            (at(5, 0, false), 5, 0, Step::Rotate),
            (at(5, 60, true), 5, 90_000_000, Step::Rotate),
            (at(0, 0, false), 0, -3_600_000, Step::Rotate),
            // rule 4
            (at(5, 0, false), 4, 0, Step::Replay),
            (at(5, 59, true), 4, 30_000, Step::Replay),
            (at(5, 60, true), 4, 30_000, Step::TooManyReplays),
            // rule 5
            (at(5, 0, false), 4, 30_001, Step::Recover),
            (at(5, 0, false), 4, 86_400_000, Step::Recover),
            (at(5, 60, false), 4, 40_000, Step::TooManyReplays),
            // rule 6
            (at(5, 0, false), 6, 0, Step::Ahead),
            (at(5, 0, false), u32::MAX, 90_000_000, Step::Ahead),
            // rule 7: by when each one's own successor began
            (at(5, 0, true), 3, 20_000, Step::Late),
            (at(5, 0, true), 3, 20_001, Step::Reuse),
            (at(5, 0, false), 2, 5_000, Step::Late),
            (at(5, 0, false), 2, 5_001, Step::Reuse),
            (at(5, 0, false), 1, 0, Step::Reuse),
            (at(5, 0, false), 0, 1, Step::Reuse),
            // rule 8
            (at(5, 0, true), 4, 30_001, Step::Reuse),
            (at(5, 0, false), 4, 86_400_001, Step::Reuse),
            (at(5, 0, false), 3, 30_001, Step::Reuse),
            (at(5, 60, true), 4, 30_001, Step::Reuse),
            // rule 9
            (at(5, 0, true), 4, -59_999, Step::Replay),
            (at(5, 0, true), 3, -1, Step::Late),
            (at(5, 0, true), 4, -60_000, Step::Late),
            (at(5, 0, true), 0, -3_600_000, Step::Late),
        ];
        for (current, presented, elapsed, expected) in table {
            assert_eq!(
                step(current, presented, after(elapsed), POLICY),
                expected,
                "{current:?} presented {presented} after {elapsed} ms"
            );
        }
    }

    #[test]
    fn attack_h1_sixteen_rotations_within_a_grace_and_no_more() {
        let mut current = Generation::first(after(0));
        for number in 0..16 {
            let now = after(i64::from(number) * 1_900);
            assert_eq!(step(current, number, now, POLICY), Step::Rotate);
            current = current.next(now, POLICY);
        }
        let table = [
            (28_500, Step::TooManyRotations(Duration::from_millis(1_500))),
            (29_999, Step::TooManyRotations(Duration::from_millis(1))),
            (30_000, Step::Rotate),
            // A doubtful clock shuts nobody out, as it ends nothing.
            (
                28_500 - 59_999,
                Step::TooManyRotations(Duration::from_millis(1_500)),
            ),
            (28_500 - 60_000, Step::Rotate),
        ];
        for (now, expected) in table {
            assert_eq!(step(current, 16, after(now), POLICY), expected, "{now}");
        }
        // The first token of all is as late as it is, however many came since.
        assert_eq!(step(current, 0, after(30_000), POLICY), Step::Late);
        assert_eq!(step(current, 0, after(30_001), POLICY), Step::Reuse);
        let strict = RotationRules {
            grace: Duration::ZERO,
            ..POLICY
        };
        assert_eq!(step(current, 16, after(28_500), strict), Step::Rotate);
    }

    #[test]
    fn a_clock_that_went_back_counts_as_one_that_stood_still() {
        let mut current = Generation::first(after(0));
        for millis in [0, 10_000, -3_600_000] {
            current = current.next(after(millis), POLICY);
        }
        assert_eq!(current.recent.to_string(), "0,10000");
        let later = |millis: i64| after(millis - 3_600_000);
        assert_eq!(step(current, 1, later(30_000), POLICY), Step::Late);
        assert_eq!(step(current, 1, later(30_001), POLICY), Step::Reuse);
        assert_eq!(step(current, 0, later(20_000), POLICY), Step::Late);
        assert_eq!(step(current, 0, later(20_001), POLICY), Step::Reuse);
    }

    #[test]
    fn a_grace_of_zero_is_strict() {
        let strict = RotationRules {
            grace: Duration::ZERO,
            ..POLICY
        };
        assert_eq!(step(at(5, 0, false), 4, after(0), strict), Step::Reuse);
        assert_eq!(step(at(5, 0, false), 0, after(0), strict), Step::Reuse);
        assert_eq!(step(at(5, 0, false), 5, after(0), strict), Step::Rotate);
        assert_eq!(step(at(5, 0, false), 4, after(-90_000), strict), Step::Late);
    }
}
