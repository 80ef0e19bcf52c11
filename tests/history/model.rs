//! What sessions do, by sections 1 and 2 of the semantics alone: nothing in this file
//! calls Keyward's rules. It says what every step must answer and leave behind.
//!
//! Times are milliseconds since 1970; what stands in a token is whole seconds.

use std::collections::{HashMap, HashSet};

use keyward::domain::id::{AccountId, SessionId};
use keyward::domain::session::{Class, EndReason};
use keyward::service::Code;

use crate::steps::{Access, Op, ResetCode};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;

pub const GRACE: i64 = 30 * SECOND;
const REPLAYS: u32 = 60;
/// So often a session may rotate within one grace.
const ROTATIONS: usize = 16;
const RECOVERY: i64 = 24 * HOUR;
pub const DAY: i64 = 24 * HOUR;

/// A code for another password.
const RESET_LIFE: i64 = HOUR;

/// How long a guest may be away, and live at the most.
const GUEST_LIFE: i64 = 30 * DAY;
const GUEST_MAX_LIFE: i64 = 3650 * DAY;

/// Lives, by class (decision 3).
const fn access_life(class: Class) -> i64 {
    match class {
        Class::Standard => 15 * MINUTE,
        Class::Oisp => 24 * HOUR,
    }
}

const fn idle_life(class: Class) -> i64 {
    match class {
        Class::Standard => 12 * HOUR,
        // Only once its one token has ended is it idle.
        Class::Oisp => 36 * HOUR,
    }
}

const fn exchange_window(class: Class) -> i64 {
    match class {
        Class::Standard => HOUR,
        Class::Oisp => 12 * HOUR,
    }
}

/// For clocks that differ: how long after `exp` a token passes, and how far ahead its
/// `iat` may lie, in seconds.
const LATE: i64 = 5;
const AHEAD: i64 = 60;

#[derive(Clone, Debug)]
pub struct Account {
    pub id: AccountId,
    pub enabled: bool,
    pub epoch: i64,
    /// Passwords are numbered.
    pub password: u32,
    /// Sign-ins that failed, which are few enough never to be limited.
    pub failures: u32,
    /// Wrong passwords of signed-in callers: fewer than close a session.
    pub guesses: u32,
    /// Not registered yet.
    pub guest: bool,
    /// It has an address.
    pub mail: bool,
    /// How many codes were made for it.
    pub asked: u32,
    /// Until when the latest is good.
    pub reset_until: Option<i64>,
}

impl Account {
    pub const fn new(id: AccountId) -> Self {
        Self {
            id,
            enabled: true,
            epoch: 0,
            password: 1,
            failures: 0,
            guesses: 0,
            guest: false,
            mail: true,
            asked: 0,
            reset_until: None,
        }
    }
}

/// Ids of what an act began: they are what a model can not foretell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Began {
    pub session: Option<SessionId>,
    pub account: Option<AccountId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub account: usize,
    /// Of one who had no account when it began.
    pub guest: bool,
    pub class: Class,
    pub epoch: i64,
    pub generation: u32,
    pub rotated_at: i64,
    pub replays: u32,
    /// Of every generation that began after the first, the present one last: how long
    /// before the present one it began, by a clock that never goes back.
    pub began: Vec<i64>,
    /// As the row says it: what a process only remembers is in [`Process`].
    pub seen: bool,
    pub idle: i64,
    pub absolute: i64,
    pub ended: Option<(i64, EndReason)>,
    /// Its row is gone.
    pub purged: bool,
}

impl Session {
    /// How long it may go unused.
    const fn idle_life(&self) -> i64 {
        if self.guest {
            GUEST_LIFE
        } else {
            idle_life(self.class)
        }
    }

    fn grow_older(&mut self, passed: i64) {
        for began in &mut self.began {
            *began += passed;
        }
    }
}

/// What one process keeps in memory, and loses when it crashes.
#[derive(Clone, Debug, Default)]
pub struct Process {
    seen: HashMap<usize, u32>,
    /// Access tokens whose claims were found good once. Their age is asked every time.
    verified: HashSet<String>,
}

/// An answer, as far as the model can say it: all but randomness and signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Signed {
        session: SessionId,
        generation: u32,
        outcome: &'static str,
        epoch: i64,
        iat: i64,
        exp: i64,
        /// When the refresh token ends, where there is one.
        until: Option<i64>,
    },
    Done,
    No(Code),
}

#[derive(Clone, Debug)]
pub struct Model {
    pub now: i64,
    pub accounts: Vec<Account>,
    pub sessions: Vec<Session>,
    pub processes: Vec<Process>,
    /// In a race: the token was checked before another act ended its session.
    pub early: bool,
}

impl Model {
    /// What must come of an act on a process, where this really began.
    pub fn act(&mut self, process: usize, op: &Op, began: Began) -> Said {
        self.try_act(process, op, began).unwrap_or_else(Said::No)
    }

    fn try_act(&mut self, process: usize, op: &Op, began: Began) -> Result<Said, Code> {
        match op {
            Op::Login {
                account,
                class,
                password,
            } => self.login(*account, *class, *password, began),
            // Rule 1: no token of ours, so nothing happens.
            Op::Forged { .. } => Err(Code::InvalidCredentials),
            Op::ForgedAccess { .. } => Err(Code::InvalidToken),
            Op::Refresh {
                session,
                generation,
                ..
            } => {
                let outcome = self.present(process, *session, *generation)?;
                Ok(self.signed(*session, outcome, self.now, true))
            }
            Op::Exchange(access) => self.exchange(process, access),
            Op::Use(access) => self.authenticated(process, access).map(|()| Said::Done),
            Op::LogoutByRefresh { session, .. } => {
                self.end(*session, EndReason::Logout);
                Ok(Said::Done)
            }
            Op::LogoutByAccess(access) => {
                self.authenticated(process, access)?;
                if self.end(access.session, EndReason::Logout) {
                    Ok(Said::Done)
                } else {
                    Err(Code::InvalidToken)
                }
            }
            Op::Reissue(access) => self.reissue(process, access),
            Op::EndOne { by, session, .. } => {
                self.authenticated(process, by)?;
                let own = self.sessions[*session].account == self.sessions[by.session].account;
                if !own || self.is_over(*session) {
                    return Err(Code::NotFound);
                }
                self.end(*session, EndReason::Revoked);
                Ok(Said::Done)
            }
            Op::EndOthers(by) => {
                self.authenticated(process, by)?;
                self.end_others(by.session);
                Ok(Said::Done)
            }
            Op::ChangePassword { by, present, new } => {
                self.authenticated(process, by)?;
                if self.is_over(by.session) {
                    return Err(Code::InvalidToken);
                }
                let account = &mut self.accounts[self.sessions[by.session].account];
                if account.password != *present {
                    account.guesses += 1;
                    return Err(Code::WrongPassword);
                }
                account.password = *new;
                let Session { account, class, .. } = self.sessions[by.session];
                self.end_all(account);
                self.login(account, class, *new, began)
            }
            Op::SetPassword { account, new } => {
                self.accounts[*account].password = *new;
                self.end_all(*account);
                Ok(Said::Done)
            }
            // Of one that is disabled nothing is left to end (docs/decisions/0190).
            Op::Disable(account) => {
                if std::mem::take(&mut self.accounts[*account].enabled) {
                    self.end_all(*account);
                }
                Ok(Said::Done)
            }
            Op::Enable(account) => {
                self.accounts[*account].enabled = true;
                Ok(Said::Done)
            }
            Op::EndAll(account) => {
                self.end_all(*account);
                Ok(Said::Done)
            }
            Op::AskReset(account) => {
                let account = &mut self.accounts[*account];
                if account.enabled && account.mail {
                    account.asked += 1;
                    account.reset_until = Some(self.now + RESET_LIFE);
                }
                Ok(Said::Done)
            }
            Op::Reset { code, new } => self.reset(code, *new),
            Op::Guest => Ok(self.guest(began)),
            Op::Upgrade { by, new } => self.upgrade(process, by, *new),
        }
    }

    /// Whoever has the code sets the password, once, and is not signed in by it.
    fn reset(&mut self, code: &ResetCode, new: u32) -> Result<Said, Code> {
        let account = &mut self.accounts[code.account];
        let latest = code.number == account.asked;
        let good = account.reset_until.is_some_and(|until| self.now < until);
        if !latest || !good || !account.enabled {
            return Err(Code::InvalidCode);
        }
        account.password = new;
        account.failures = 0;
        self.end_all(code.account);
        Ok(Said::Done)
    }

    fn guest(&mut self, began: Began) -> Said {
        let nobody = AccountId(uuid::Uuid::nil());
        self.accounts.push(Account {
            guest: true,
            mail: false,
            ..Account::new(began.account.unwrap_or(nobody))
        });
        self.begin(self.accounts.len() - 1, Class::Standard, began)
    }

    /// Of two upgrades one wins, and with it every session of the guest ends.
    fn upgrade(&mut self, process: usize, by: &Access, new: u32) -> Result<Said, Code> {
        self.authenticated(process, by)?;
        let index = self.sessions[by.session].account;
        if !self.accounts[index].guest {
            return Err(Code::Conflict);
        }
        if self.is_over(by.session) {
            return Err(Code::InvalidToken);
        }
        self.accounts[index].guest = false;
        self.accounts[index].password = new;
        self.end_all(index);
        Ok(Said::Done)
    }

    pub fn is_guest(&self, access: &Access) -> bool {
        self.accounts[self.sessions[access.session].account].guest
    }

    fn login(
        &mut self,
        index: usize,
        class: Class,
        password: u32,
        began: Began,
    ) -> Result<Said, Code> {
        let account = &mut self.accounts[index];
        if account.password != password || !account.enabled {
            account.failures += 1;
            return Err(Code::InvalidCredentials);
        }
        account.failures = 0;
        Ok(self.begin(index, class, began))
    }

    fn begin(&mut self, index: usize, class: Class, began: Began) -> Said {
        let Account { guest, epoch, .. } = self.accounts[index];
        let (idle, absolute) = if guest {
            (GUEST_LIFE, GUEST_MAX_LIFE)
        } else {
            (idle_life(class), 30 * DAY)
        };
        self.sessions.push(Session {
            id: began.session.unwrap_or(SessionId(uuid::Uuid::nil())),
            account: index,
            guest,
            class,
            epoch,
            generation: 0,
            rotated_at: self.now,
            replays: 0,
            began: Vec::new(),
            seen: false,
            idle: self.now + idle,
            absolute: self.now + absolute,
            ended: None,
            purged: false,
        });
        self.signed(self.sessions.len() - 1, "login", self.now, true)
    }

    /// Semantics 1, rules 2 to 9: a token of this generation is shown.
    fn present(&mut self, process: usize, index: usize, shown: u32) -> Result<&'static str, Code> {
        let refused = Err(Code::InvalidCredentials);
        // Rule 2.
        if self.is_over(index) {
            return refused;
        }
        let remembered = self.processes[process].seen.get(&index).copied();
        let now = self.now;
        let session = &mut self.sessions[index];
        let seen = session.seen || remembered == Some(session.generation);
        let age = now - session.rotated_at;
        let doubtful = age <= -MINUTE;
        let passed = age.max(0);
        // Rule 3, and the end of rule 7.
        if shown == session.generation {
            let first = session.began.len().checked_sub(ROTATIONS);
            if first.is_some_and(|first| !doubtful && session.began[first] + passed < GRACE) {
                return Err(Code::RequestsExceeded);
            }
            session.grow_older(passed);
            session.began.push(0);
            session.generation += 1;
            session.rotated_at = now;
            session.replays = 0;
            session.seen = false;
            session.idle = now + session.idle_life();
            return Ok("fresh");
        }
        // Rule 6, and rule 9 where the clock went back by a minute or more.
        if shown > session.generation || doubtful {
            return refused;
        }
        let in_grace = age <= GRACE;
        if shown + 1 == session.generation {
            // Rules 4 and 5.
            let recoverable = !seen && age <= RECOVERY;
            if in_grace || recoverable {
                if session.replays == REPLAYS {
                    return Err(Code::RequestsExceeded);
                }
                session.replays += 1;
                if in_grace {
                    return Ok("replayed");
                }
                // Given again from now on: the client's other tabs have a grace of their own.
                session.rotated_at = now;
                session.grow_older(passed);
                *session.began.last_mut().unwrap() = 0;
                return Ok("recovered");
            }
        } else {
            // Rule 7: by when its own successor began, which is the generation after it.
            let replaced = session.began[usize::try_from(shown).unwrap()] + passed;
            let since = usize::try_from(session.generation - shown).unwrap();
            let remembered = since <= ROTATIONS;
            if remembered && replaced <= GRACE {
                return refused;
            }
        }
        // Rule 8.
        session.ended = Some((now, EndReason::Reuse));
        refused
    }

    /// Semantics 2.
    fn exchange(&mut self, process: usize, access: &Access) -> Result<Said, Code> {
        if access.iat > self.seconds() + AHEAD {
            return Err(Code::InvalidToken);
        }
        self.note(process, access);
        let class = self.sessions[access.session].class;
        if self.now >= access.exp * SECOND + exchange_window(class) {
            return Err(Code::TokenExpired);
        }
        match self.present(process, access.session, access.generation) {
            // From the row alone, so that exchanges of one token give one text.
            Ok(outcome) => {
                let from = self.sessions[access.session].rotated_at;
                Ok(self.signed(access.session, outcome, from, false))
            }
            Err(Code::InvalidCredentials) => Err(Code::InvalidToken),
            Err(code) => Err(code),
        }
    }

    /// Seed O's renewal of a live token: the generation stays.
    fn reissue(&mut self, process: usize, access: &Access) -> Result<Said, Code> {
        self.authenticated(process, access)?;
        let index = access.session;
        if self.sessions[index].class != Class::Oisp {
            return Err(Code::Forbidden);
        }
        if self.is_over(index) {
            return Err(Code::InvalidToken);
        }
        self.sessions[index].idle = self.now + idle_life(Class::Oisp);
        Ok(self.signed(index, "", self.now, true))
    }

    /// An access token at any guarded route.
    fn authenticated(&mut self, process: usize, access: &Access) -> Result<(), Code> {
        let known = self.processes[process].verified.contains(&access.text);
        if !known && access.iat > self.seconds() + AHEAD {
            return Err(Code::InvalidToken);
        }
        if self.seconds() >= access.exp + LATE {
            return Err(Code::TokenExpired);
        }
        self.note(process, access);
        let verified = &mut self.processes[process].verified;
        verified.insert(access.text.clone());
        if self.early || self.is_believed(access) {
            Ok(())
        } else {
            Err(Code::InvalidToken)
        }
    }

    /// What looking at the token of an act does, before the act itself.
    pub fn look(&mut self, process: usize, op: &Op) {
        match (op, op.by()) {
            (Op::Exchange(access), _) if access.iat <= self.seconds() + AHEAD => {
                self.note(process, access);
            }
            (_, Some(access)) => {
                let _ = self.authenticated(process, access);
            }
            _ => {}
        }
    }

    pub fn is_believed(&self, access: &Access) -> bool {
        let session = &self.sessions[access.session];
        session.ended.is_none() && self.accounts[session.account].epoch == access.epoch
    }

    /// The generation of this token is known to have arrived.
    fn note(&mut self, process: usize, access: &Access) {
        let seen = &mut self.processes[process].seen;
        let latest = seen.entry(access.session).or_insert(access.generation);
        *latest = (*latest).max(access.generation);
    }

    pub fn is_over(&self, index: usize) -> bool {
        let session = &self.sessions[index];
        let account = &self.accounts[session.account];
        session.purged
            || session.ended.is_some()
            || !account.enabled
            || session.epoch != account.epoch
            || self.now >= session.idle
            || self.now >= session.absolute
    }

    fn end(&mut self, index: usize, reason: EndReason) -> bool {
        let session = &mut self.sessions[index];
        if session.purged || session.ended.is_some() {
            return false;
        }
        session.ended = Some((self.now, reason));
        true
    }

    fn end_others(&mut self, keep: usize) {
        let account = self.sessions[keep].account;
        for index in 0..self.sessions.len() {
            if index != keep && self.sessions[index].account == account {
                self.end(index, EndReason::Revoked);
            }
        }
    }

    fn end_all(&mut self, account: usize) {
        self.accounts[account].epoch += 1;
        self.accounts[account].reset_until = None;
        for index in 0..self.sessions.len() {
            if self.sessions[index].account == account {
                self.end(index, EndReason::Revoked);
            }
        }
    }

    fn signed(&self, index: usize, outcome: &'static str, from: i64, refresh: bool) -> Said {
        let session = &self.sessions[index];
        let iat = from.div_euclid(SECOND);
        let end = (iat * SECOND + access_life(session.class)).min(session.absolute);
        Said::Signed {
            session: session.id,
            generation: session.generation,
            outcome,
            epoch: session.epoch,
            iat,
            exp: end.div_euclid(SECOND).max(iat + 1),
            until: refresh.then_some(session.idle.min(session.absolute)),
        }
    }

    const fn seconds(&self) -> i64 {
        self.now.div_euclid(SECOND)
    }

    /// A process writes down what it has seen.
    pub fn flush(&mut self, process: usize) {
        for (index, generation) in self.processes[process].seen.drain() {
            let session = &mut self.sessions[index];
            if session.generation == generation && session.ended.is_none() {
                // The generation that nothing came before needs no note.
                session.seen = generation > 0;
            }
        }
    }

    /// Rows past their absolute end go.
    pub fn purge(&mut self) {
        for session in &mut self.sessions {
            session.purged |= session.absolute < self.now;
        }
        // A guest who was not there for so long goes, and with them the session.
        for session in &mut self.sessions {
            let guest = self.accounts[session.account].guest;
            session.purged |= guest && session.rotated_at < self.now - GUEST_LIFE;
        }
    }
}
