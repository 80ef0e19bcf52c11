//! The figures of docs/SECURITY.md: how often the rules of rotation sign out honest people, and
//! how soon they find a thief. Each session is lived through by the pure state machine with
//! seeded dice, so the figures are the same at every run.
//!
//! Up to four tabs share one cookie jar. An access token lives 15 minutes, then its tab
//! refreshes. One answer in a hundred is lost, and one refresh in five hundred is followed by
//! 5 to 30 minutes offline, without its answer. A thief copies the jar once.

#![allow(clippy::cast_precision_loss, reason = "counts of a few thousand")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs;
use std::time::Duration;

use keyward::domain::refresh_rotation::{Generation, RotationRules, Step, step};
use keyward::support::clock::Timestamp;

use crate::steps::Dice;

const SESSIONS: u64 = 2_000;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
const ACCESS: i64 = 15 * MINUTE;

const POLICY: RotationRules = RotationRules {
    grace: Duration::from_secs(30),
    max_replays: 60,
    recovery: Duration::from_secs(86_400),
};

#[derive(Clone, Copy)]
struct Thief {
    /// Milliseconds between two refreshes; a random while of up to 30 s where it is zero.
    period: i64,
    /// Whether Keyward sees the access tokens that he gets.
    shows: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A tab reads the jar and asks.
    Ask(usize),
    /// Its request is looked at.
    Arrive(usize, u32),
    /// Its answer comes: the successor, or to try again.
    Answer(usize, Option<u32>),
    Steal,
    Turn,
}

struct Life {
    policy: RotationRules,
    /// Rule 7 as it was: late is what comes within a grace of the last rotation.
    old: bool,
    dice: Dice,
    now: i64,
    row: Generation,
    /// When each generation began.
    began: Vec<i64>,
    jar: u32,
    online: i64,
    stolen: u32,
    /// When the session was ended by reuse.
    ended: Option<i64>,
    /// How often the owner came more than two graces late with a token of which the row, but
    /// for a lost answer, could have told that it was stolen, and nothing was found.
    missed: u32,
    events: BinaryHeap<Reverse<(i64, Event)>>,
}

impl Life {
    fn begin(seed: u64, policy: RotationRules, old: bool) -> Self {
        let mut life = Self {
            policy,
            old,
            dice: Dice(seed),
            now: 0,
            row: Generation::first(Timestamp::from_millis(0)),
            began: vec![0],
            jar: 0,
            online: 0,
            stolen: 0,
            ended: None,
            missed: 0,
            events: BinaryHeap::new(),
        };
        for tab in 0..=life.dice.below(4) {
            let first = life.upto(ACCESS);
            life.after(first, Event::Ask(tab));
        }
        life
    }

    fn upto(&mut self, most: i64) -> i64 {
        i64::try_from(self.dice.below(usize::try_from(most).unwrap())).unwrap()
    }

    fn after(&mut self, wait: i64, event: Event) {
        self.events.push(Reverse((self.now + wait, event)));
    }

    /// Until it is ended, or so late. When the thief came, if he did.
    fn live(&mut self, thief: Option<Thief>) -> i64 {
        let theft = 60 * MINUTE + self.upto(DAY / 2);
        if thief.is_some() {
            self.after(theft, Event::Steal);
        }
        while let Some(Reverse((at, event))) = self.events.pop() {
            if self.ended.is_some() || at > theft + DAY {
                break;
            }
            self.now = at;
            match (event, thief) {
                (Event::Steal, _) => {
                    self.stolen = self.jar;
                    self.after(0, Event::Turn);
                }
                (Event::Turn, Some(thief)) => self.turn(thief),
                (Event::Turn, None) => {}
                (Event::Ask(tab), _) => self.ask(tab),
                (Event::Arrive(tab, shown), _) => self.arrive(tab, shown),
                (Event::Answer(tab, Some(number)), _) => {
                    self.jar = number;
                    self.use_it(number);
                    let next = ACCESS + self.upto(2 * SECOND);
                    self.after(next, Event::Ask(tab));
                }
                (Event::Answer(tab, None), _) => self.after(MINUTE, Event::Ask(tab)),
            }
        }
        theft
    }

    fn turn(&mut self, thief: Thief) {
        if let Some(number) = self.show(self.stolen) {
            self.stolen = number;
            if thief.shows {
                self.use_it(number);
            }
        }
        let wait = match thief.period {
            0 => SECOND + self.upto(29 * SECOND),
            period => period,
        };
        self.after(wait, Event::Turn);
    }

    fn ask(&mut self, tab: usize) {
        if self.now < self.online {
            let wait = self.online - self.now + self.upto(5 * SECOND);
            return self.after(wait, Event::Ask(tab));
        }
        let wait = 50 + self.upto(950);
        self.after(wait, Event::Arrive(tab, self.jar));
    }

    fn arrive(&mut self, tab: usize, shown: u32) {
        let replaced = self.began.get(shown as usize + 1).copied();
        let late = replaced.is_some_and(|at| self.now - at > 2 * 30 * SECOND);
        let lost = shown + 1 == self.row.number && !self.row.seen;
        let answer = self.show(shown);
        if late && !lost && self.ended.is_none() {
            self.missed += 1;
        }
        match self.dice.below(1000) {
            0 | 1 => {
                let offline = 5 * MINUTE + self.upto(25 * MINUTE);
                self.online = self.now + offline;
                self.after(offline, Event::Ask(tab));
            }
            2..12 => {
                let again = SECOND + self.upto(9 * SECOND);
                self.after(again, Event::Ask(tab));
            }
            _ => {
                let wait = 50 + self.upto(950);
                self.after(wait, Event::Answer(tab, answer));
            }
        }
    }

    fn use_it(&mut self, number: u32) {
        self.row.seen |= self.row.number == number;
    }

    /// Presents a token of this generation. The generation of the answer, if there is one.
    fn show(&mut self, shown: u32) -> Option<u32> {
        let now = Timestamp::from_millis(self.now);
        let mut done = step(self.row, shown, now, self.policy);
        if self.old {
            let since =
                Duration::from_millis((self.now - self.row.rotated_at.millis()).unsigned_abs());
            let ancestor = shown + 1 < self.row.number;
            done = match done {
                Step::TooManyRotations(_) => Step::Rotate,
                Step::Reuse if ancestor && since <= self.policy.grace => Step::Late,
                done => done,
            };
        }
        match done {
            Step::Rotate => {
                self.row = self.row.next(now, self.policy);
                self.began.push(self.now);
            }
            Step::Replay => self.row.replays += 1,
            Step::Recover => {
                self.row = self.row.given_again(now);
                *self.began.last_mut().unwrap() = self.now;
            }
            Step::Reuse => {
                self.ended = Some(self.now);
                return None;
            }
            _ => return None,
        }
        Some(self.row.number)
    }
}

/// What became of all sessions, as a line of the table.
fn line(name: &str, policy: RotationRules, old: bool, thief: Option<Thief>) -> (String, u32) {
    let (mut times, mut missed, mut stolen) = (Vec::new(), 0, 0.0);
    for seed in 0..SESSIONS {
        let mut life = Life::begin(seed, policy, old);
        let theft = life.live(thief);
        missed += life.missed;
        // What honest tabs lost before is not stolen.
        let lost = thief.is_some() && life.ended.is_some_and(|at| at < theft);
        if !lost {
            stolen += 1.0;
            times.extend(life.ended.map(|at| (at - theft) / SECOND));
        }
    }
    times.sort_unstable();
    let found = times.len() as f64 * 100.0 / stolen;
    if thief.is_none() {
        return (format!("| {name} | {found:.1} % | |"), missed);
    }
    let at = |part: usize| {
        times
            .get(times.len() * part / 100)
            .map_or(0.0, |time| *time as f64 / 60.0)
    };
    let when = if found < 50.0 {
        String::new()
    } else {
        format!("{:.0} / {:.0} min", at(50), at(95))
    };
    (format!("| {name} | {found:.1} % | {when} |"), missed)
}

#[test]
fn attack_h1_the_figures_of_the_documents_are_these() {
    let strict = RotationRules {
        grace: Duration::ZERO,
        ..POLICY
    };
    let thief = |seconds: i64, shows| {
        Some(Thief {
            period: seconds * SECOND,
            shows,
        })
    };
    let mut table = Vec::new();
    let mut add = |name: &str, policy, old, thief| {
        let (line, missed) = line(name, policy, old, thief);
        table.push(line);
        missed
    };
    add("nobody: honest sessions lost in a day", POLICY, false, None);
    add("nobody, `KEYWARD_REFRESH_GRACE=0`", strict, false, None);
    let mut missed = add(
        "refreshes when their access token ends",
        POLICY,
        false,
        thief(900, true),
    );
    for (name, period) in [
        ("refreshes every 5 s", 5),
        ("refreshes every 20 s", 20),
        ("refreshes every 25 s", 25),
        ("refreshes every 29 s", 29),
        ("refreshes every 30 s", 30),
        ("refreshes at random, within 30 s", 0),
        ("refreshes every 60 s", 60),
    ] {
        missed += add(name, POLICY, false, thief(period, true));
    }
    add(
        "refreshes when it ends, and shows Keyward no access token",
        POLICY,
        false,
        thief(900, false),
    );
    let old = add(
        "every 29 s, by the rule before",
        POLICY,
        true,
        thief(29, true),
    );
    assert_eq!(missed, 0, "found at the first refresh after two graces");
    assert!(old > 0, "the control: the rule before missed him");
    for document in [
        "SECURITY.md",
        "decisions/0001-test-proof-refresh-rotation.md",
    ] {
        let text =
            fs::read_to_string(format!("{}/docs/{document}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for line in &table {
            assert!(
                text.contains(line),
                "docs/{document} has not\n{line}\nof\n{}",
                table.join("\n")
            );
        }
    }
}
