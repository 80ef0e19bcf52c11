//! The steps of a history, and the dice that choose them: mostly near the edges where
//! one rule ends and another begins.

use std::fmt;

use keyward::domain::id::SessionId;
use keyward::domain::session::Class;

use crate::model::{DAY, HOUR, Model};

/// An access token that a client holds.
#[derive(Clone)]
pub struct Access {
    pub text: String,
    pub session: usize,
    pub generation: u32,
    pub epoch: i64,
    pub iat: i64,
    pub exp: i64,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            session,
            generation,
            iat,
            exp,
            ..
        } = self;
        write!(f, "access(s{session} g{generation} {iat}..{exp})")
    }
}

/// A refresh token's text, kept out of what is printed.
#[derive(Clone)]
pub struct Text(pub String);

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// A code by which the password of an account can be set.
#[derive(Clone, Debug)]
pub struct ResetCode {
    pub account: usize,
    /// The account's first is 1.
    pub number: u32,
    pub text: Text,
}

#[derive(Clone, Debug)]
pub enum Op {
    Login {
        account: usize,
        class: Class,
        password: u32,
    },
    Refresh {
        session: usize,
        generation: u32,
        text: Text,
    },
    /// Something like a refresh token that is none.
    Forged {
        text: Text,
    },
    ForgedAccess {
        text: Text,
        exchange: bool,
    },
    Exchange(Access),
    Use(Access),
    LogoutByRefresh {
        session: usize,
        text: Text,
    },
    LogoutByAccess(Access),
    Reissue(Access),
    EndOne {
        by: Access,
        session: usize,
        id: SessionId,
    },
    EndOthers(Access),
    ChangePassword {
        by: Access,
        present: u32,
        new: u32,
    },
    SetPassword {
        account: usize,
        new: u32,
    },
    Disable(usize),
    Enable(usize),
    EndAll(usize),
    /// An administrator has a code made.
    AskReset(usize),
    Reset {
        code: ResetCode,
        new: u32,
    },
    /// Somebody without an account.
    Guest,
    /// A guest registers.
    Upgrade {
        by: Access,
        new: u32,
    },
}

impl Op {
    /// Whether it begins a session of an account that the caller names, or of none.
    fn begins(&self) -> bool {
        matches!(self, Self::Login { .. } | Self::Guest)
    }

    /// Whether it looks at a password.
    fn proves(&self) -> bool {
        matches!(self, Self::Login { .. } | Self::ChangePassword { .. })
    }

    /// Whether it takes the ground from under a sign-in.
    pub fn unsettles(&self) -> bool {
        matches!(
            self,
            Self::ChangePassword { .. }
                | Self::SetPassword { .. }
                | Self::Disable(_)
                | Self::EndAll(_)
                | Self::Reset { .. }
        )
    }

    /// Whether an access token of ours is looked at first.
    pub fn shows_access(&self) -> bool {
        matches!(self, Self::Exchange(_)) || self.by().is_some()
    }

    /// The access token that it is done with.
    pub fn by(&self) -> Option<&Access> {
        match self {
            Self::Use(by)
            | Self::LogoutByAccess(by)
            | Self::Reissue(by)
            | Self::EndOthers(by)
            | Self::EndOne { by, .. }
            | Self::ChangePassword { by, .. }
            | Self::Upgrade { by, .. } => Some(by),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Step {
    Act(usize, Op),
    /// At the same time, each on a process.
    Race(Vec<(usize, Op)>),
    /// Until the sixtieth replay and beyond.
    Storm(usize, Op),
    Theft(Theft),
    Flush(usize),
    Purge(usize),
    /// The process loses its memory.
    Crash(usize),
    /// Milliseconds, back too.
    Clock(i64),
}

/// A thief holds the token that the owner holds, and refreshes so often that the last
/// rotation is always a moment ago. Then the owner comes with his.
#[derive(Clone, Debug)]
pub struct Theft {
    pub process: usize,
    pub session: usize,
    /// Milliseconds between two refreshes.
    pub period: i64,
    pub turns: usize,
}

/// Numbers that look random and are the same at every run (`SplitMix64`).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 1).unwrap() % bound
    }

    pub fn of<T: Copy>(&mut self, these: &[T]) -> T {
        these[self.below(these.len())]
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

/// What a step is chosen from.
pub struct Chooser<'a> {
    pub dice: &'a mut Dice,
    pub model: &'a Model,
    pub held: &'a [Access],
    pub codes: &'a [ResetCode],
    /// The refresh token of a session's generation, also of one that never was.
    pub refresh: &'a dyn Fn(usize, u32) -> String,
    /// The latest instant that this history has seen.
    pub latest: i64,
}

/// How far back the clock goes at the most.
const BACK: i64 = 120_000;

/// A password that can fail is tried so often: fewer than would be limited.
const FAILURES: u32 = 2;

impl Chooser<'_> {
    pub fn step(&mut self) -> Step {
        let process = self.dice.below(self.model.processes.len());
        let living = (0..self.model.sessions.len()).any(|index| !self.model.is_over(index));
        if !living && self.dice.percent(50) {
            return Step::Act(process, self.begin_again());
        }
        match self.dice.below(100) {
            0..=69 => Step::Act(process, self.op()),
            70..=76 => self.race(),
            77 if self.dice.percent(15) => {
                let session = self.session();
                let generation = self.model.sessions[session].generation.saturating_sub(1);
                Step::Storm(process, self.refresh_of(session, generation))
            }
            80 if self.dice.percent(40) => Step::Theft(Theft {
                process,
                session: self.session(),
                period: self
                    .dice
                    .of(&[1_000, 2_000, 5_000, 20_000, 25_000, 29_000, 30_000]),
                turns: 1 + self.dice.below(20),
            }),
            77..=80 => Step::Flush(process),
            81 => Step::Purge(process),
            82 => Step::Crash(process),
            _ => Step::Clock(self.pause()),
        }
    }

    fn race(&mut self) -> Step {
        let first = self.op();
        let mut ops = vec![(self.process(), first.clone())];
        // The same again is the race that matters most: two tabs, a client and a thief.
        for _ in 0..=self.dice.below(3) {
            let again = self.dice.percent(50) && !first.begins();
            let next = if again { first.clone() } else { self.op() };
            let begins = ops.iter().any(|(_, op)| op.begins());
            let asks = |op: &Op| matches!(op, Op::AskReset(_));
            let asked = ops.iter().any(|(_, op)| asks(op));
            let proofs = ops.iter().filter(|(_, op)| op.proves()).count();
            // Two sign-ins could not be told apart, nor two codes; many proofs at once are
            // limited.
            let alike = (begins && next.begins()) || (asked && asks(&next));
            let limited = proofs > 1 && next.proves();
            if !(alike || limited) {
                ops.push((self.process(), next));
            }
        }
        Step::Race(ops)
    }

    fn op(&mut self) -> Op {
        match self.dice.below(100) {
            0..=38 => self.refresh(),
            39 => Op::AskReset(self.account()),
            40 | 41 => self.reset(),
            42 => Op::Guest,
            43 | 44 => self.upgrade(),
            45..=60 => self.access().map_or_else(|| self.refresh(), Op::Exchange),
            61..=78 => self.access().map_or_else(|| self.refresh(), Op::Use),
            79..=81 => self.logout(),
            82..=84 => self.access().map_or_else(|| self.refresh(), Op::Reissue),
            85..=88 => self.login(),
            89 => Op::SetPassword {
                account: self.account(),
                new: self.new_password(),
            },
            90 => Op::Disable(self.account()),
            91 => Op::Enable(self.account()),
            92 => Op::EndAll(self.account()),
            93 | 94 => self.forged_access(),
            kind => match self.access() {
                None => self.login(),
                // These are for accounts.
                Some(by) if self.model.is_guest(&by) => Op::Use(by),
                Some(by) if kind == 95 => Op::EndOthers(by),
                Some(by) if kind <= 97 => self.end_one(by),
                Some(by) => self.change_password(by),
            },
        }
    }

    fn begin_again(&mut self) -> Op {
        let disabled = self.model.accounts.iter().position(|it| !it.enabled);
        disabled.map_or_else(|| self.login(), Op::Enable)
    }

    fn login(&mut self) -> Op {
        let account = self.account();
        let state = &self.model.accounts[account];
        if state.failures >= FAILURES {
            return Op::Enable(account);
        }
        let wrong = self.dice.percent(10);
        Op::Login {
            account,
            class: self
                .dice
                .of(&[Class::Standard, Class::Standard, Class::Oisp]),
            password: if wrong { 0 } else { state.password },
        }
    }

    fn refresh(&mut self) -> Op {
        let session = self.session();
        let current = self.model.sessions[session].generation;
        let generation = match self.dice.below(20) {
            0..=9 => current,
            10..=14 => current.saturating_sub(1),
            15 => current.saturating_sub(2),
            16 => current.saturating_sub(2 + u32::try_from(self.dice.below(18)).unwrap()),
            17 => self.dice.of(&[0, current + 1, current + 2, u32::MAX]),
            _ => return self.forged(session, current),
        };
        self.refresh_of(session, generation)
    }

    fn refresh_of(&self, session: usize, generation: u32) -> Op {
        Op::Refresh {
            session,
            generation,
            text: Text((self.refresh)(session, generation)),
        }
    }

    fn forged(&mut self, session: usize, generation: u32) -> Op {
        let text = (self.refresh)(session, generation);
        let how = self.dice.of(&["tag", "mac", "foreign", "cut", "empty"]);
        let text = match how {
            "tag" => flipped(&text, 36),
            "mac" => flipped(&text, 60),
            // Rightly tagged, but with the salt of no session of that id.
            "foreign" => (self.refresh)(usize::MAX, generation),
            "cut" => text[..text.len() - 1].to_owned(),
            _ => String::new(),
        };
        Op::Forged { text: Text(text) }
    }

    fn forged_access(&mut self) -> Op {
        let Some(access) = self.access() else {
            return self.refresh();
        };
        // A letter of the signature, which is of 86.
        let text = flipped(&access.text, access.text.len() - 40);
        Op::ForgedAccess {
            text: Text(text),
            exchange: self.dice.percent(50),
        }
    }

    fn logout(&mut self) -> Op {
        let session = self.session();
        let generation = self.model.sessions[session].generation;
        match self.access() {
            Some(access) if self.dice.percent(50) => Op::LogoutByAccess(access),
            _ => Op::LogoutByRefresh {
                session,
                text: Text((self.refresh)(session, generation)),
            },
        }
    }

    fn end_one(&mut self, by: Access) -> Op {
        let session = self.session();
        let id = self.model.sessions[session].id;
        Op::EndOne { by, session, id }
    }

    fn change_password(&mut self, by: Access) -> Op {
        let account = self.model.sessions[by.session].account;
        let account = &self.model.accounts[account];
        let wrong = self.dice.percent(15) && account.guesses < FAILURES;
        Op::ChangePassword {
            present: if wrong { 0 } else { account.password },
            new: self.new_password(),
            by,
        }
    }

    /// With the code that came last, mostly.
    fn reset(&mut self) -> Op {
        let recent = &self.codes[self.codes.len().saturating_sub(3)..];
        if recent.is_empty() {
            return Op::AskReset(self.account());
        }
        let older = self.dice.percent(25);
        let last = recent.len() - 1;
        let which = if older {
            self.dice.below(recent.len())
        } else {
            last
        };
        Op::Reset {
            code: recent[which].clone(),
            new: self.new_password(),
        }
    }

    /// By a guest, or by one who was a guest.
    fn upgrade(&mut self) -> Op {
        let came = |it: &&Access| self.model.sessions[it.session].guest;
        let Some(by) = self.held.iter().rev().find(came).cloned() else {
            return Op::Guest;
        };
        Op::Upgrade {
            by,
            new: self.new_password(),
        }
    }

    fn new_password(&mut self) -> u32 {
        u32::try_from(1 + self.dice.below(1_000_000)).unwrap()
    }

    /// Of those that have a password.
    fn account(&mut self) -> usize {
        let accounts = self.model.accounts.iter().enumerate();
        let registered: Vec<usize> = accounts
            .filter(|(_, account)| !account.guest)
            .map(|(index, _)| index)
            .collect();
        self.dice.of(&registered)
    }

    fn process(&mut self) -> usize {
        self.dice.below(self.model.processes.len())
    }

    /// A living one, mostly.
    fn session(&mut self) -> usize {
        let all = self.model.sessions.len();
        let living: Vec<usize> = (0..all).filter(|&it| !self.model.is_over(it)).collect();
        if living.is_empty() || self.dice.percent(10) {
            self.dice.below(all)
        } else {
            self.dice.of(&living)
        }
    }

    /// One of those that came last, mostly of a living session.
    fn access(&mut self) -> Option<Access> {
        let living = |it: &&Access| !self.model.is_over(it.session);
        let mut held: Vec<&Access> = self.held.iter().filter(living).collect();
        if held.is_empty() || self.dice.percent(10) {
            held = self.held.iter().collect();
        }
        let recent = &held[held.len().saturating_sub(6)..];
        if recent.is_empty() {
            return None;
        }
        Some(recent[self.dice.below(recent.len())].clone())
    }

    /// To an edge of some session's time, a while onwards, or back.
    fn pause(&mut self) -> i64 {
        let room = BACK - (self.latest - self.model.now);
        let kind = self.dice.below(100);
        if kind < 12 && room > 1000 {
            let back: i64 = self
                .dice
                .of(&[1_000, 5_000, 59_000, 60_000, 61_000, 120_000]);
            return -back.min(room);
        }
        let far = self.dice.percent(15);
        let session = &self.model.sessions[self.session()];
        let edges: &[i64] = match (kind, far) {
            (..65, _) => &[29_000, 30_000, 30_001, 31_000],
            (..85, _) => &[900_000, 905_000, 3_600_000, 4_500_000],
            (_, false) => &[12 * HOUR, 24 * HOUR, 24 * HOUR + 5_000, 36 * HOUR],
            (_, true) => &[30 * DAY],
        };
        let from = if far && kind >= 85 {
            // A guest's is years ahead; what ends it is not to be used for so long.
            session
                .absolute
                .min(session.idle.max(session.rotated_at + 30 * DAY))
                - 30 * DAY
        } else {
            session.rotated_at
        };
        let edge = from + self.dice.of(edges) + self.dice.of(&[-1, 0, 0, 0, 1]);
        if edge > self.model.now && self.dice.percent(70) {
            return edge - self.model.now;
        }
        match kind {
            ..60 => self
                .dice
                .of(&[1_000, 1_000, 5_000, 10_000, 29_000, 31_000, 61_000]),
            60..85 => self.dice.of(&[300_000, 840_000, 900_000, 1_200_000, HOUR]),
            _ => self.dice.of(&[2 * HOUR, 6 * HOUR, 11 * HOUR, 13 * HOUR]),
        }
    }
}

/// With one letter changed.
fn flipped(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}
