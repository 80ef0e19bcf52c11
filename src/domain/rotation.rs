//! The refresh state machine (semantics 1, rules 3 to 9), as a pure function: what
//! must happen when a token of some generation is presented to a session that
//! stands at another. It knows no database, no token text and no HTTP.
//!
//! Rules 1 and 2 (is it a token at all, is the session alive) come before it.

use std::time::Duration;

use crate::support::clock::{Timestamp, millis};

/// Where a session stands: the part of its row that rotation reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The generation whose token the client should hold now. Never decreases.
    pub number: u32,
    /// When that generation began.
    pub rotated_at: Timestamp,
    /// How often the generation before it was answered again.
    pub replays: u32,
    /// Whether any route has seen an access or refresh token of this generation.
    pub seen: bool,
}

/// The settings of rotation.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
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
    /// Rules 7 and 9: a late tab, or a clock in doubt. Refuse and change nothing.
    Late,
    /// Rule 6: the token is ahead of the database, so the database is older: a backup
    /// was restored. Refuse, raise the alarm, change nothing.
    Ahead,
    /// Rule 8: somebody else holds the successor. End the session.
    Reuse,
}

#[must_use]
pub fn step(current: Generation, presented: u32, now: Timestamp, policy: Policy) -> Step {
    if presented == current.number {
        return Step::Rotate;
    }
    if presented > current.number {
        return Step::Ahead;
    }
    let elapsed = now.millis_since(current.rotated_at);
    if elapsed <= DOUBTFUL {
        return Step::Late;
    }
    if policy.grace.is_zero() {
        return Step::Reuse;
    }
    let elapsed = elapsed.max(0);
    let in_grace = elapsed <= millis(policy.grace);
    let predecessor = presented + 1 == current.number;
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

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
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
            // rule 7
            (at(5, 0, true), 3, 30_000, Step::Late),
            (at(5, 0, false), 0, 1, Step::Late),
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
    fn a_grace_of_zero_is_strict() {
        let strict = Policy {
            grace: Duration::ZERO,
            ..POLICY
        };
        assert_eq!(step(at(5, 0, false), 4, after(0), strict), Step::Reuse);
        assert_eq!(step(at(5, 0, false), 0, after(0), strict), Step::Reuse);
        assert_eq!(step(at(5, 0, false), 5, after(0), strict), Step::Rotate);
        assert_eq!(step(at(5, 0, false), 4, after(-90_000), strict), Step::Late);
    }
}
