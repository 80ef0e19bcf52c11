//! Moving a session to its next generation: the part that refresh and exchange share
//! (semantics 1, rules 2 to 9). It runs inside the caller's write transaction and says
//! what became of it; nothing is answered before that transaction has committed.

use super::audit::record;
use super::context::Keyward;
use super::error::{Error, Result};
use crate::domain::account::Account;
use crate::domain::claims::LONGEST_LIFE;
use crate::domain::event::{Event, What};
use crate::domain::id::SessionId;
use crate::domain::rotation::{Step, step};
use crate::domain::session::{Client, EndReason, Session};
use crate::store::revocations::{Entry, News};
use crate::store::{AnyConnection, revocations, sessions};
use crate::support::clock::Timestamp;

/// How a presented token was answered: the header `X-Keyward-Refresh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Fresh,
    Replayed,
    Recovered,
}

impl Outcome {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Replayed => "replayed",
            Self::Recovered => "recovered",
        }
    }
}

/// What became of it, once committed.
pub(super) enum Rotated {
    /// The session stands at a generation whose tokens may be given out.
    On {
        session: Box<Session>,
        account: Box<Account>,
        outcome: Outcome,
    },
    /// Refused, and nothing was changed.
    Refused(Error),
    /// Refused, and the session was ended: everybody must learn of it.
    Ended(Entry),
}

/// Why a presented token is refused before its generation is looked at.
pub(super) enum Unfit {
    /// No such session, or not its token. Nothing is written.
    Foreign,
    Over,
}

/// A compare-and-set loses only to another that won, so a few rounds settle it.
const ROUNDS: usize = 4;

/// `fits` says whether the presented token is the session's own, and whatever else its
/// kind asks for.
pub(super) fn rotate(
    kw: &Keyward,
    tx: &mut AnyConnection,
    id: SessionId,
    presented: u32,
    client: &Client,
    mut fits: impl FnMut(&mut AnyConnection, &Session, &Account) -> Result<Result<(), Unfit>>,
) -> Result<Rotated> {
    for _ in 0..ROUNDS {
        let now = kw.clock.now();
        let Some((session, account)) = sessions::lookup(tx, id)? else {
            return Ok(Rotated::Refused(Error::credentials()));
        };
        if fits(tx, &session, &account)?.is_err()
            || !account.enabled
            || session.is_over(account.epoch, now)
        {
            return Ok(Rotated::Refused(Error::credentials()));
        }
        if let Some(rotated) = attempt(kw, tx, session, account, presented, client, now)? {
            return Ok(rotated);
        }
    }
    Err(Error::busy(
        "a session changed under every attempt to rotate it",
    ))
}

/// `None` where another request changed the session meanwhile: read it again.
fn attempt(
    kw: &Keyward,
    tx: &mut AnyConnection,
    mut session: Session,
    account: Account,
    presented: u32,
    client: &Client,
    now: Timestamp,
) -> Result<Option<Rotated>> {
    let mut current = session.generation;
    current.seen |= kw.seen.has(session.id, current.number);
    let event = |what| {
        Event::new(what, client.clone())
            .of(account.id)
            .within(session.id)
    };
    let policy = kw.policy.rotation;
    let outcome = match step(current, presented, now, policy) {
        Step::Rotate => {
            let idle = now + kw.policy.idle_ttl(session.class);
            if !sessions::rotate(tx, session.id, presented, now, idle)? {
                return Ok(None);
            }
            session.idle_expires_at = idle;
            session.generation.number = presented + 1;
            session.generation.rotated_at = now;
            Outcome::Fresh
        }
        again @ (Step::Replay | Step::Recover) => {
            if !sessions::count_replay(tx, session.id, current.number, policy.max_replays)? {
                return Ok(None);
            }
            let (what, outcome) = if again == Step::Replay {
                (What::RefreshReplayed, Outcome::Replayed)
            } else {
                (What::RefreshRecovered, Outcome::Recovered)
            };
            record(kw, tx, &event(what), now)?;
            outcome
        }
        Step::TooManyReplays => {
            let message = "Too many requests with one refresh token.";
            let mut error = Error::new(super::Code::RequestsExceeded, message).not_final();
            error.retry_after = Some(30);
            return Ok(Some(Rotated::Refused(error)));
        }
        Step::Late => return Ok(Some(Rotated::Refused(Error::credentials().not_final()))),
        Step::Ahead => {
            record(kw, tx, &event(What::DatabaseOlderThanTokens), now)?;
            return Ok(Some(Rotated::Refused(Error::credentials().not_final())));
        }
        Step::Reuse => {
            if !sessions::end_at(tx, session.id, current.number, now, EndReason::Reuse)? {
                return Ok(None);
            }
            record(kw, tx, &event(What::RefreshReuse), now)?;
            let entry = ended(session.id, now);
            revocations::add(tx, entry)?;
            return Ok(Some(Rotated::Ended(entry)));
        }
    };
    Ok(Some(Rotated::On {
        session: Box::new(session),
        account: Box::new(account),
        outcome,
    }))
}

/// The news that a session has ended, for as long as a token of it could live.
pub(super) fn ended(session: SessionId, now: Timestamp) -> Entry {
    Entry {
        news: News::Session(session),
        until: forgotten_at(now),
    }
}

/// When no access token can live any more that is signed now, by whatever process.
pub(super) fn forgotten_at(now: Timestamp) -> Timestamp {
    now + LONGEST_LIFE + std::time::Duration::from_secs(120)
}

impl Keyward {
    /// Learns what was just committed, ahead of the tail.
    pub(super) fn learn(&self, entries: &[Entry]) {
        self.revoked.learn(entries);
    }
}
