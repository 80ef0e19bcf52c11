//! One history: the steps, and what must hold after each of them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use keyward::domain::id::{AccountId, SessionId};
use keyward::domain::session;

use crate::model::{Account, GRACE, Model, Process, Said, Session};
use crate::race::Race;
use crate::real::{Real, Told, guest_name};
use crate::steps::{Access, Chooser, Dice, Op, ResetCode, Step, Text, Theft};

pub type Outcome = Result<(), String>;

/// How often each kind of answer was given, over all histories: whoever looks for
/// trouble where nothing happens finds none.
#[derive(Default)]
pub struct Tally(BTreeMap<String, u32>);

impl Tally {
    fn count(&mut self, op: &Op, said: &Said) {
        let op = format!("{op:?}");
        let act = op.split(|c: char| !c.is_alphanumeric()).next();
        let answer = match said {
            Said::Signed { outcome, .. } => (*outcome).to_owned(),
            Said::Done => "done".to_owned(),
            Said::No(code) => code.as_str().to_owned(),
        };
        let key = format!("{} {answer}", act.unwrap_or_default());
        *self.0.entry(key).or_default() += 1;
    }

    pub fn assert_everything_was_met(&self) {
        for met in [
            "Login login",
            "Login INVALID_CREDENTIALS",
            "Refresh fresh",
            "Refresh replayed",
            "Refresh recovered",
            "Refresh INVALID_CREDENTIALS",
            "Refresh REQUESTS_EXCEEDED",
            "theft found",
            "Exchange fresh",
            "Exchange replayed",
            "Exchange recovered",
            "Exchange INVALID_TOKEN",
            "Exchange TOKEN_EXPIRED",
            "Use done",
            "Use INVALID_TOKEN",
            "Use TOKEN_EXPIRED",
            "ChangePassword login",
            "Reissue FORBIDDEN",
            "AskReset done",
            "Reset done",
            "Reset INVALID_CODE",
            "Guest login",
            "Upgrade done",
            "Upgrade INVALID_TOKEN",
            "ended reuse",
            "ended logout",
            "ended revoked",
        ] {
            assert!(
                self.0.contains_key(met),
                "never met: {met} in {:#?}",
                self.0
            );
        }
    }
}

/// Lives through the history of this seed. `number` tells apart the accounts of
/// histories that share a database.
pub fn walk(real: &mut Real, seed: u64, number: usize, tally: &mut Tally) -> Outcome {
    let mut dice = Dice(seed);
    let mut history = History::begin(real, number);
    let steps = 15 + dice.below(15);
    for index in 0..steps {
        let step = history.choose(real, &mut dice);
        writeln!(
            history.log,
            "{index:>3} at {:+} ms: {step:?}",
            history.model.now - history.began
        )
        .unwrap();
        let outcome = history.take(real, step, tally);
        outcome.map_err(|why| format!("{}\n{why}", history.log))?;
    }
    for session in &history.model.sessions {
        if let Some((_, reason)) = session.ended {
            *tally
                .0
                .entry(format!("ended {}", reason.as_str()))
                .or_default() += 1;
        }
    }
    Ok(())
}

struct History {
    began: i64,
    latest: i64,
    model: Model,
    accounts: Vec<(String, AccountId)>,
    held: Vec<Access>,
    codes: Vec<ResetCode>,
    salts: HashMap<SessionId, [u8; 32]>,
    rows: HashMap<SessionId, session::Session>,
    /// What an exchange gave for a token at a generation.
    exchanged: HashMap<(usize, u32, String), String>,
    log: String,
}

impl History {
    fn begin(real: &mut Real, number: usize) -> Self {
        // At a whole second, so that a history's edges are the same when it runs again.
        real.move_clock(1000 + (1000 - real.now().rem_euclid(1000)) % 1000);
        let names = ["a", "b"].map(|letter| format!("{letter}{number}"));
        let accounts: Vec<_> = names
            .into_iter()
            .map(|name| {
                let id = real.add_account(&name);
                (name, id)
            })
            .collect();
        let now = real.now();
        let model = Model {
            now,
            accounts: accounts.iter().map(|(_, id)| Account::new(*id)).collect(),
            sessions: Vec::new(),
            processes: vec![Process::default(); crate::PROCESSES],
            early: false,
        };
        Self {
            began: now,
            latest: now,
            model,
            accounts,
            held: Vec::new(),
            codes: Vec::new(),
            salts: HashMap::new(),
            rows: HashMap::new(),
            exchanged: HashMap::new(),
            log: String::new(),
        }
    }

    fn choose(&self, real: &Real, dice: &mut Dice) -> Step {
        if self.model.sessions.is_empty() {
            let class = session::Class::Standard;
            let login = Op::Login {
                account: 0,
                class,
                password: self.model.accounts[0].password,
            };
            return Step::Act(0, login);
        }
        let refresh = |index: usize, generation: u32| match self.model.sessions.get(index) {
            Some(session) => real.refresh_token(session.id, generation, &self.salts[&session.id]),
            None => real.refresh_token(SessionId(uuid::Uuid::max()), generation, &[7; 32]),
        };
        let mut chooser = Chooser {
            dice,
            model: &self.model,
            held: &self.held,
            codes: &self.codes,
            refresh: &refresh,
            latest: self.latest,
        };
        chooser.step()
    }

    fn take(&mut self, real: &mut Real, step: Step, tally: &mut Tally) -> Outcome {
        match step {
            Step::Act(process, op) => self.act(real, process, &op, tally)?,
            Step::Storm(process, op) => {
                for _ in 0..62 {
                    self.act(real, process, &op, tally)?;
                }
            }
            Step::Race(ops) => self.race(real, &ops, tally)?,
            Step::Theft(theft) => self.steal(real, &theft, tally)?,
            Step::Flush(process) => {
                real.flush(process);
                self.model.flush(process);
            }
            Step::Purge(process) => {
                real.purge(process);
                self.model.purge();
            }
            Step::Crash(process) => {
                real.crash(process);
                self.model.processes[process] = Process::default();
            }
            Step::Clock(by) => {
                real.move_clock(by);
                self.model.now += by;
                self.latest = self.latest.max(self.model.now);
                // Nobody was asked anything, so there is nothing to compare.
                return Ok(());
            }
        }
        real.catch_up();
        self.compare(real)
    }

    /// Whatever the thief does, the owner's first refresh that is later than the grace finds
    /// him, once he moved on twice. (Once is a lost answer, until the successor was seen.)
    fn steal(&mut self, real: &Real, theft: &Theft, tally: &mut Tally) -> Outcome {
        let Theft {
            process, session, ..
        } = *theft;
        if self.model.is_over(session) {
            return Ok(());
        }
        let owned = self.model.sessions[session].generation;
        let mut replaced = None;
        for _ in 0..theft.turns {
            let current = self.model.sessions[session].generation;
            self.act(
                real,
                process,
                &self.refresh_of(real, session, current),
                tally,
            )?;
            if self.model.sessions[session].generation > owned {
                replaced.get_or_insert(self.model.now);
            }
            real.move_clock(theft.period);
            self.model.now += theft.period;
            self.latest = self.latest.max(self.model.now);
        }
        self.act(real, process, &self.refresh_of(real, session, owned), tally)?;
        let late = replaced.is_some_and(|at| self.model.now - at > GRACE);
        if late && self.model.sessions[session].generation > owned + 1 {
            if !self.model.is_over(session) {
                return Err("a thief was not found".to_owned());
            }
            *tally.0.entry("theft found".to_owned()).or_default() += 1;
        }
        Ok(())
    }

    fn refresh_of(&self, real: &Real, session: usize, generation: u32) -> Op {
        let id = self.model.sessions[session].id;
        let text = Text(real.refresh_token(id, generation, &self.salts[&id]));
        Op::Refresh {
            session,
            generation,
            text,
        }
    }

    fn act(&mut self, real: &Real, process: usize, op: &Op, tally: &mut Tally) -> Outcome {
        let told = real.act(process, op, &self.accounts);
        let expected = self.model.act(process, op, told.began);
        tally.count(op, &told.said);
        if told.said != expected {
            return Err(format!("answered {:?}\nbut it is {expected:?}", told.said));
        }
        self.receive(real, op, told)
    }

    /// There must be an order in which the model answers each as it was answered, and
    /// leaves the rows as they are.
    fn race(&mut self, real: &mut Real, ops: &[(usize, Op)], tally: &mut Tally) -> Outcome {
        let answers = real.race(ops, &self.accounts);
        real.catch_up();
        let mut rows = self.read_rows(real);
        // Of a guest whom the model does not know yet.
        let known = |id: &AccountId| self.model.accounts.iter().any(|it| it.id == *id);
        let new = answers.iter().filter_map(|told| told.began.account);
        let new = new.filter(|id| !known(id));
        rows.extend(new.flat_map(|id| real.sessions_of(id)));
        self.model = Race::new(ops, &answers, &self.model, rows).after(&self.model)?;
        let recovered = |told: &Told| {
            matches!(
                told.said,
                Said::Signed {
                    outcome: "recovered",
                    ..
                }
            )
        };
        let mut answers: Vec<_> = ops.iter().zip(answers).collect();
        answers.sort_by_key(|(_, told)| !recovered(told));
        for ((_, op), told) in answers {
            tally.count(op, &told.said);
            self.receive(real, op, told)?;
        }
        Ok(())
    }

    /// What a client does with an answer; and whether its texts are the right ones.
    fn receive(&mut self, real: &Real, op: &Op, told: Told) -> Outcome {
        for account in &self.model.accounts[self.accounts.len()..] {
            self.accounts.push((guest_name(account.id), account.id));
        }
        if let (Op::AskReset(account), Some(text)) = (op, told.code) {
            self.codes.push(ResetCode {
                account: *account,
                number: self.model.accounts[*account].asked,
                text: Text(text),
            });
        }
        let Said::Signed {
            session: id,
            generation,
            epoch,
            iat,
            exp,
            outcome,
            ..
        } = told.said
        else {
            return Ok(());
        };
        if told.began.session.is_some() {
            self.read_rows(real);
        }
        let session = self.model.sessions.iter().position(|it| it.id == id);
        let session = session.ok_or("signed for a session that was never begun")?;
        let text = told.access.ok_or("signed without an access token")?;
        if let Some(token) = told.refresh {
            // Always the same successor, whoever asks and however often.
            if token != real.refresh_token(id, generation, &self.salts[&id]) {
                return Err("another refresh token for the same generation".to_owned());
            }
        }
        if outcome == "recovered" {
            // Dated anew, for all that come after.
            let other = |of: &(usize, u32, String)| (of.0, of.1) != (session, generation);
            self.exchanged.retain(|of, _| other(of));
        }
        if let Op::Exchange(old) = op {
            let key = (session, generation, old.text.clone());
            let known = self.exchanged.entry(key).or_insert_with(|| text.clone());
            if *known != text {
                return Err(format!("another text for the same exchange ({outcome})"));
            }
        }
        self.held.push(Access {
            text,
            session,
            generation,
            epoch,
            iat,
            exp,
        });
        Ok(())
    }

    fn read_rows(&mut self, real: &Real) -> Vec<session::Session> {
        let ids = self.model.accounts.iter().map(|account| account.id);
        let rows: Vec<_> = ids.flat_map(|id| real.sessions_of(id)).collect();
        for row in &rows {
            self.salts.insert(row.id, row.salt);
        }
        rows
    }

    /// The rows are the model's, and what may never happen has not happened.
    fn compare(&mut self, real: &Real) -> Outcome {
        let rows = self.read_rows(real);
        differ(&rows, &self.model)?;
        for row in rows {
            if let Some(before) = self.rows.insert(row.id, row.clone()) {
                never(&before, &row)?;
            }
        }
        Ok(())
    }
}

/// The invariants of section 1, of a row and the same row a step later.
fn never(before: &session::Session, after: &session::Session) -> Outcome {
    let held = [
        (
            after.generation.number >= before.generation.number,
            "gen went back",
        ),
        (
            before.ended.is_none() || after.ended == before.ended,
            "revoked_at was written twice",
        ),
        (
            before.ended.is_none() || after.generation == before.generation,
            "an ended session moved on",
        ),
        (
            after.absolute_expires_at == before.absolute_expires_at,
            "absolute_expires_at moved",
        ),
        (
            (after.salt, after.account, after.account_epoch)
                == (before.salt, before.account, before.account_epoch),
            "what is fixed moved",
        ),
    ];
    match held.iter().find(|(held, _)| !held) {
        Some((_, what)) => Err(format!("{what}: {before:#?}\n{after:#?}")),
        None => Ok(()),
    }
}

pub fn differ(rows: &[session::Session], model: &Model) -> Outcome {
    let owner = |row: &session::Session| {
        let mut accounts = model.accounts.iter();
        accounts.position(|account| account.id == row.account)
    };
    let began = |row: &session::Session| {
        let mut sessions = model.sessions.iter();
        let session = sessions.find(|session| session.id == row.id);
        session.map_or_else(Vec::new, |session| session.began.clone())
    };
    let rows = rows
        .iter()
        .map(|row| as_modelled(row, owner(row).unwrap_or(usize::MAX), began(row)));
    let mut rows: Vec<Session> = rows.collect();
    let living = model.sessions.iter().filter(|session| !session.purged);
    let mut expected: Vec<Session> = living.cloned().collect();
    rows.sort_by_key(|row| row.id);
    expected.sort_by_key(|row| row.id);
    if rows == expected {
        return Ok(());
    }
    Err(format!(
        "the rows are {rows:#?}\nbut should be {expected:#?}"
    ))
}

/// What the row does not say is as in the model's own, which may be none.
fn as_modelled(row: &session::Session, account: usize, began: Vec<i64>) -> Session {
    Session {
        began,
        id: row.id,
        account,
        guest: row.anonymous,
        class: row.class,
        epoch: row.account_epoch.0,
        generation: row.generation.number,
        rotated_at: row.generation.rotated_at.millis(),
        replays: row.generation.replays,
        seen: row.generation.seen,
        idle: row.idle_expires_at.millis(),
        absolute: row.absolute_expires_at.millis(),
        ended: row.ended.map(|ending| (ending.at.millis(), ending.reason)),
        purged: false,
    }
}
