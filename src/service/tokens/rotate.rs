//! Moving a session to its next generation: the part that refresh and exchange share
//! (semantics 1, rules 2 to 9). It looks without a lock, decides, and writes with one
//! guarded statement: whoever ends a session, disables its account or rotates it meanwhile
//! changes its row, and the guard then changes nothing and it looks again. Nothing is
//! answered before what was written has committed.

use std::time::Duration;

use crate::domain::access::Access;
use crate::domain::account::Account;
use crate::domain::event::{Event, What};
use crate::domain::id::SessionId;
use crate::domain::rotation::{Step, step};
use crate::domain::session::{Client, EndReason, Session};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::store::rotation::Rotation;
use crate::store::{Guarded as _, rotation};
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
pub(in crate::service) enum Rotated {
    /// The session stands at a generation whose tokens may be given out.
    On(Box<On>),
    /// No token may be given out.
    Refused(Refused),
}

/// Why no token is given out. From outside all but the last look the same (semantics 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum Refused {
    /// The token is not the session's own, or the session is over. Nothing was changed.
    NotGood,
    /// A tab that is late: its browser may hold a better token by now.
    Late,
    /// The database is older than the token: a backup was restored.
    Ahead,
    /// A spent token came back. The session was ended, and everybody has learnt of it.
    Reused,
    /// Too many requests were made with this one token.
    TooManyReplays,
    /// The session was refreshed too often. The same token is good after the wait.
    TooManyRotations(Duration),
}

/// How long to wait after too many requests with one token, in seconds.
const REPLAYS_WAIT: u32 = 30;

impl Refused {
    /// The error for a caller, where `not_good` is how a bad token is refused.
    pub(in crate::service) fn error(self, not_good: fn() -> Error) -> Error {
        match self {
            Self::NotGood | Self::Late | Self::Ahead | Self::Reused => not_good(),
            Self::TooManyReplays => Error::wait(
                Code::RequestsExceeded,
                "Too many requests with one refresh token.",
                REPLAYS_WAIT,
            ),
            Self::TooManyRotations(wait) => Error::wait(
                Code::RequestsExceeded,
                "Too many refreshes of one session. Use each access token until it ends.",
                u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX),
            ),
        }
    }
}

pub(in crate::service) struct On {
    pub(in crate::service) session: Session,
    pub(in crate::service) account: Account,
    pub(in crate::service) outcome: Outcome,
    /// What the account may do now.
    pub(in crate::service) access: Access,
}

impl On {
    /// A session that acts for another is never renewed.
    fn is_living(&self, now: Timestamp) -> bool {
        self.session.acted_by.is_none() && self.session.is_living(&self.account, now)
    }
}

/// Which generation of which session was presented, and by whom.
pub(in crate::service) struct ToRotate<'a> {
    pub(in crate::service) session: SessionId,
    pub(in crate::service) generation: u32,
    pub(in crate::service) client: &'a Client,
    /// What is written into the audit log with a fresh rotation.
    pub(in crate::service) fresh: Option<What>,
}

/// A compare-and-set loses only to another that won, so a few rounds settle it.
const ROUNDS: usize = 4;

/// `fits` says whether the presented token is the session's own, and whatever else its
/// kind asks for; where it does not fit, nothing is written.
pub(in crate::service) async fn rotate(
    kw: &Keyward,
    presented: &ToRotate<'_>,
    mut fits: impl FnMut(&On) -> Result<bool>,
) -> Result<Rotated> {
    for _ in 0..ROUNDS {
        let now = kw.clock.now();
        let found = kw.questions.session(presented.session).await?;
        let on = found.map(|(session, account, access)| On {
            session,
            account,
            outcome: Outcome::Fresh,
            access,
        });
        let on = match on {
            Some(on) if on.is_living(now) && fits(&on)? => on,
            _ => return Ok(Rotated::Refused(Refused::NotGood)),
        };
        if let Some(rotated) = attempt(kw, presented, on, now).await? {
            return Ok(rotated);
        }
    }
    Err(Error::busy(
        "a session changed under every attempt to rotate it",
    ))
}

/// A token of the session that was shown for something else than its successor, and is not the present
/// one. What it says of the session is said here too: a spent one ends it, one that is late or ahead is
/// written down. Nothing is given out, and one of a moment ago changes nothing.
pub(in crate::service) async fn judge(
    kw: &Keyward,
    (session, generation): (SessionId, u32),
    client: &Client,
) -> Result<()> {
    let presented = ToRotate {
        session,
        generation,
        client,
        fresh: None,
    };
    let is_told = |on: &On| {
        let mut current = on.session.generation;
        current.seen |= kw.memory.seen.has(session, current.number);
        let step = step(current, generation, kw.clock.now(), kw.policy.rotation);
        Ok(matches!(step, Step::Late | Step::Ahead | Step::Reuse))
    };
    rotate(kw, &presented, is_told).await.map(drop)
}

/// `None` where another request changed the session meanwhile: look again.
async fn attempt(
    kw: &Keyward,
    presented: &ToRotate<'_>,
    mut on: On,
    now: Timestamp,
) -> Result<Option<Rotated>> {
    let id = on.session.id;
    let mut current = on.session.generation;
    current.seen |= kw.memory.seen.has(id, current.number);
    let account = on.account.id;
    let event = |what| {
        Event::new(what, presented.client.clone())
            .of(account)
            .within(id)
    };
    let policy = kw.policy.rotation;
    on.outcome = match step(current, presented.generation, now, policy) {
        Step::Rotate => {
            let idle = now + kw.policy.idle_ttl_of(&on.session);
            let next = current.next(now, policy);
            let event = presented.fresh.map(event);
            let rotation = Rotation {
                session: id,
                stood: current,
                next,
                idle_expires_at: idle,
            };
            let done = match event {
                // Too many to be remembered one by one (decision 0005).
                None => kw.questions.rotate(rotation).await?,
                Some(event) => write_with(kw, event, move |change| Ok(rotation.alone(change)?))?,
            };
            if !done {
                return Ok(None);
            }
            on.session.idle_expires_at = idle;
            on.session.generation = next;
            Outcome::Fresh
        }
        Step::Replay => {
            let done = write_with(kw, event(What::RefreshReplayed), move |change| {
                let most = policy.max_replays;
                Ok(rotation::count_replay(change, id, current.number, most)?)
            })?;
            if !done {
                return Ok(None);
            }
            Outcome::Replayed
        }
        Step::Recover => {
            let again = current.given_again(now);
            let done = write_with(kw, event(What::RefreshRecovered), move |change| {
                Ok(rotation::give_again(change, id, current, again)?)
            })?;
            if !done {
                return Ok(None);
            }
            on.session.generation = again;
            Outcome::Recovered
        }
        Step::TooManyReplays => return Ok(Some(Rotated::Refused(Refused::TooManyReplays))),
        Step::TooManyRotations(wait) => {
            return Ok(Some(Rotated::Refused(Refused::TooManyRotations(wait))));
        }
        Step::Late => {
            write_with(kw, event(What::RefreshLate), |_| Ok(true))?;
            return Ok(Some(Rotated::Refused(Refused::Late)));
        }
        Step::Ahead => {
            write_with(kw, event(What::DatabaseOlderThanTokens), |_| Ok(true))?;
            return Ok(Some(Rotated::Refused(Refused::Ahead)));
        }
        Step::Reuse => {
            let done = write_with(kw, event(What::RefreshReuse), move |change| {
                change.end_at(id, current, EndReason::Reuse)
            })?;
            if !done {
                return Ok(None);
            }
            return Ok(Some(Rotated::Refused(Refused::Reused)));
        }
    };
    Ok(Some(Rotated::On(Box::new(on))))
}

/// A guarded change and its line in the audit log: both, or neither.
fn write_with(
    kw: &Keyward,
    event: Event,
    mut guarded: impl FnMut(&mut Change<'_>) -> Result<bool> + Send + 'static,
) -> Result<bool> {
    kw.change(move |change| {
        let changed = guarded(change)?;
        if changed {
            change.record(&event)?;
        }
        Ok(changed)
    })
}
