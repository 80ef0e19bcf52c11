//! Slowing down guesses (semantics 4): every way to sign in to an account shares its
//! budgets, and a signed-in caller has that of the session. An attempt is counted, and
//! committed, before it is looked at.

use std::time::{Duration, Instant};

use crate::domain::event::{Event, What};
use crate::domain::guess_limit::{Counter, Kind, Milestone, MustWait};
use crate::domain::id::AccountId;
use crate::domain::password::PasswordRecord;
use crate::domain::session::Client;
use crate::lanes::fair_queue::Full;
use crate::lanes::password_lane::Seat;
use crate::service::actor::Actor;
use crate::service::attempts::counter_keys::{
    Subject, account_key, address_keys, code_key_of, keyed,
};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::store::limits::{self, Kept};
use crate::store::{self, AnyConnection, credentials};
use crate::support::clock::Timestamp;

/// An attempt that was counted. Dropped without [`Reservation::succeeded`], it stays a
/// failure.
#[derive(Clone)]
pub(in crate::service) struct Reservation {
    pub(in crate::service::attempts) kw: Keyward,
    /// Who attempts.
    client: Client,
    account: Counted,
    /// The client's address and the networks around it, from the inside out: the order
    /// in which every transaction takes their rows.
    addresses: Vec<Counted>,
    /// The counter of codes, where one was counted, and which it would be. A session has
    /// none: its guesses are counted together.
    code: Option<Counted>,
    code_key: Option<(String, Kind)>,
    /// The account whose failures somebody is told of.
    told_of: Option<AccountId>,
    /// The password record that the attempt was found good by.
    proof: Option<(AccountId, PasswordRecord)>,
    counted_at: Instant,
}

/// A counter that an attempt was counted in: as it stood before, and since.
#[derive(Clone)]
pub(in crate::service::attempts) struct Counted {
    key: String,
    kind: Kind,
    before: Option<Counter>,
    since: Counter,
}

/// A compare-and-set loses only to another attempt that was counted: at the most to
/// all that one address may make at once.
const ROUNDS: usize = 64;

/// Who has waited for longer than this may have waited for the database in vain, and waits for no
/// second write before the answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// Counts an attempt. `with_code`: a code comes with it, which is looked at once the
/// password was right.
///
/// # Errors
/// `ATTEMPTS_EXCEEDED` with the longest of the waits that hold, and then nothing is counted
/// in any of them; `SERVICE_UNAVAILABLE`: without the counters no secret is looked at (B16).
pub(in crate::service) fn reserve(
    kw: &Keyward,
    subject: &Subject<'_>,
    client: &Client,
    with_code: bool,
) -> Result<Reservation> {
    let account = account_key(kw, subject);
    let addresses = address_keys(kw, client);
    let code_key = code_key_of(kw, subject);
    let told_of = subject.account();
    let now = kw.clock.now();
    let (inner, client) = (kw.clone(), client.clone());
    kw.store.write(move |tx| {
        if let Some(refused) = longest_wait(tx, addresses.iter().chain([&account]), now)? {
            // Told now, or its caller would wait for the account and then for the code.
            let code = code_key.iter().filter(|_| with_code);
            let code = longest_wait(tx, code, now)?;
            return Err(longer(refused, code));
        }
        let addresses = addresses.iter();
        let addresses = addresses.map(|(address, kind)| count(tx, address, *kind, now));
        Ok(Reservation {
            kw: inner.clone(),
            client: client.clone(),
            // Before the account's: every transaction takes its rows in this order.
            addresses: addresses.collect::<Result<_>>()?,
            account: count(tx, &account.0, account.1, now)?,
            code: None,
            code_key: code_key.clone(),
            told_of,
            proof: None,
            counted_at: Instant::now(),
        })
    })
}

/// Tells the lane whose secret will be looked at: of one account only so many are in flight,
/// and a mark that is not the account's earns no seat. An identifier that nobody has is
/// treated like one that somebody has.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`, and then nothing is counted.
pub(in crate::service) fn keep_seat(
    kw: &Keyward,
    seat: &Seat,
    subject: &Subject<'_>,
) -> Result<()> {
    let known = matches!(
        subject,
        Subject::KnownBrowser { .. } | Subject::KnownAddress { .. }
    );
    keep(seat, &account_key(kw, subject).0, known)
}

/// The same for signed-in callers. The sessions of an account share what is in flight for it:
/// they are begun in a moment, and with seats of their own they would hold the lane.
///
/// # Errors
/// As [`keep_seat`].
pub(in crate::service) fn keep_seat_for(kw: &Keyward, seat: &Seat, actor: &Actor) -> Result<()> {
    keep(
        seat,
        &keyed(kw, "signed in", actor.account().0.as_bytes()),
        true,
    )
}

fn keep(seat: &Seat, account: &str, known: bool) -> Result<()> {
    seat.is_for(account, known).map_err(|Full| {
        Error::busy("too many sign-ins of one account or of strangers are in flight")
    })
}

/// The longest wait that holds now among these counters.
fn longest_wait<'k>(
    tx: &mut AnyConnection,
    keys: impl IntoIterator<Item = &'k (String, Kind)>,
    now: Timestamp,
) -> Result<Option<Error>> {
    let mut longest = None;
    for (key, kind) in keys {
        let counter = limits::lookup(tx, key)?.unwrap_or_default();
        if let Err(refused) = counter.count(*kind, now) {
            let error = exceeded(refused, *kind);
            longest = Some(match longest {
                Some(before) => longer(before, Some(error)),
                None => error,
            });
        }
    }
    Ok(longest)
}

/// The one that waits for longer; no time to wait is for ever.
fn longer(one: Error, other: Option<Error>) -> Error {
    let wait = |error: &Error| error.retry_after.unwrap_or(u32::MAX);
    match other {
        Some(other) if wait(&other) > wait(&one) => other,
        _ => one,
    }
}

impl Reservation {
    #[must_use]
    pub(in crate::service) fn proved_by(
        mut self,
        account: AccountId,
        record: PasswordRecord,
    ) -> Self {
        self.proof = Some((account, record));
        self
    }

    /// Counts a code before it is looked at, once for each attempt. Its budget is apart
    /// from the account's: whoever comes so far knows the password, or is signed in, and
    /// no success of the owner may give him more guesses (M4).
    ///
    /// # Errors
    /// `ATTEMPTS_EXCEEDED`: the code must not be looked at, and the attempt is given back:
    /// what one limit refuses is not charged to another.
    pub(in crate::service::attempts) fn guess_code(&mut self, account: AccountId) -> Result<()> {
        let (None, Some((key, kind))) = (&self.code, self.code_key.clone()) else {
            return Ok(());
        };
        let now = self.kw.clock.now();
        let client = self.client.clone();
        let counted = self.kw.change(move |change| {
            let counted = count(change, &key, kind, now)?;
            if counted.since.is_used_up(kind) {
                let event = Event::new(What::CodesGuessed, client.clone());
                change.record(&event.of(account))?;
            }
            Ok(counted)
        });
        match counted {
            Ok(counted) => self.code = Some(counted),
            Err(error) if error.code == Code::AttemptsExceeded => {
                self.given_back()?;
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The attempt failed: somebody is told where the row of failures has come to something.
    pub(in crate::service) fn failed(&self, change: &mut Change<'_>) -> Result<()> {
        let milestone = self.account.since.milestone(self.account.kind);
        let (Some(account), Some(milestone)) = (self.told_of, milestone) else {
            return Ok(());
        };
        let what = match milestone {
            Milestone::Guessed => What::AccountGuessed,
            Milestone::Suspended => What::AccountSuspended,
        };
        notice::record(change, &Event::new(what, self.client.clone()).of(account))
    }

    /// The attempt was a good one, with every factor: the account's row of failures is
    /// over. Address, codes and session only get this attempt back (B11, M4, M5).
    ///
    /// # Errors
    /// `OVERTAKEN` where the password was changed, or its record made anew, since it was
    /// compared: nothing may begin by what is no password any more (R15).
    pub(in crate::service) fn succeeded(&self, tx: &mut AnyConnection) -> Result<()> {
        self.still_proved(tx)?;
        // In the order in which they were counted, or two of them could wait for each
        // other.
        for counted in self.addresses.iter().chain(&self.code) {
            limits::release(tx, &counted.key)?;
        }
        match self.account.kind {
            Kind::Session => limits::release(tx, &self.account.key)?,
            _ => limits::clear(tx, &self.account.key)?,
        }
        Ok(())
    }

    /// Runs what the proven secret opens. Where the service could not carry it out, nothing was found
    /// wrong with the attempt: counted as a failure, it would make a lock-out of an outage (semantics 5).
    pub(in crate::service) fn open<T: Send + 'static>(
        &self,
        act: impl FnMut(&mut Change<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.kw.change(act).map_err(|error| self.unjudged(error))
    }

    /// The error of an attempt that was not judged, given back where the error is the service's: at
    /// once, or beside the answer where the caller has waited already.
    pub(in crate::service) fn unjudged(&self, error: Error) -> Error {
        if !error.is_of_service() {
            return error;
        }
        if self.counted_at.elapsed() > PATIENCE {
            let counted = self.clone();
            self.kw.aside(move |_| counted.give_back());
        } else {
            self.give_back();
        }
        error
    }

    /// Nobody judged it, and it stays counted only where that can not be written.
    pub(in crate::service::attempts) fn give_back(&self) {
        if let Err(error) = self.given_back() {
            log::warn!("an attempt that was not judged stays counted: {error}");
        }
    }

    fn still_proved(&self, tx: &mut AnyConnection) -> Result<()> {
        match &self.proof {
            Some((account, record)) if !credentials::hold(tx, *account, record)? => {
                Err(Error::overtaken())
            }
            _ => Ok(()),
        }
    }

    /// Nobody said whether the attempt was a good one, or it needed none: it is as if it
    /// had not been, the wait that it began included.
    pub(in crate::service) fn given_back(&self) -> Result<()> {
        let (inner, now) = (self.clone(), self.kw.clock.now());
        self.kw.store.write(move |tx| {
            let around = inner.addresses.iter().chain(&inner.code);
            for counted in around.chain([&inner.account]) {
                counted.undo(tx, now)?;
            }
            Ok(())
        })
    }
}

impl Counted {
    /// Makes the counter what it was. Where another attempt was counted since, what it has
    /// to wait for stands, and only this one's failure is taken back.
    fn undo(&self, tx: &mut AnyConnection, now: Timestamp) -> store::Result<()> {
        let undone = match self.before {
            Some(before) => {
                let kept = Kept {
                    counter: before,
                    until: before.expires_at(self.kind, now),
                };
                limits::set(tx, &self.key, Some(self.since), kept)?
            }
            None => limits::remove(tx, &self.key, self.since)?,
        };
        if !undone {
            limits::release(tx, &self.key)?;
        }
        Ok(())
    }
}

pub(in crate::service::attempts) fn count(
    tx: &mut AnyConnection,
    key: &str,
    kind: Kind,
    now: Timestamp,
) -> Result<Counted> {
    for _ in 0..ROUNDS {
        let before = limits::lookup(tx, key)?;
        let since = before
            .unwrap_or_default()
            .count(kind, now)
            .map_err(|refused| exceeded(refused, kind))?;
        let kept = Kept {
            counter: since,
            until: since.expires_at(kind, now),
        };
        if limits::set(tx, key, before, kept)? {
            return Ok(Counted {
                key: key.to_owned(),
                kind,
                before,
                since,
            });
        }
    }
    Err(Error::busy(
        "a counter of attempts changed under every attempt to count",
    ))
}

fn exceeded(refused: MustWait, kind: Kind) -> Error {
    let code = match kind {
        Kind::Address
        | Kind::Network
        | Kind::Site
        | Kind::Guest
        | Kind::GuestNetwork
        | Kind::GuestSite => Code::RequestsExceeded,
        Kind::Account
        | Kind::Device
        | Kind::Household
        | Kind::Session
        | Kind::Code
        | Kind::DeviceCode => Code::AttemptsExceeded,
    };
    let Some(seconds) = refused.wait_seconds else {
        let message = "Too many wrong passwords or codes came with this sign-in: sign in again.";
        return Error::new(code, message);
    };
    let mut error = Error::new(code, format!("Too many requests, retry after {seconds}s."));
    error.retry_after = Some(seconds);
    error
}
