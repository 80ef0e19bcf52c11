//! Moving a session to its next generation: the part that refresh and exchange share
//! (semantics 1, rules 2 to 9). It looks without a lock, decides, and writes with one
//! guarded statement: whoever ends a session, disables its account or rotates it meanwhile
//! changes its row, and the guard then changes nothing and it looks again. Nothing is
//! answered before what was written has committed.

use std::time::Duration;

use crate::domain::event::{Event, What};
use crate::domain::id::SessionId;
use crate::domain::refresh_rotation::{Generation, Step, step};
use crate::domain::rights::bearer::Bearer;
use crate::domain::session::{Client, EndReason};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::store::refresh_rotation::Rotation;
use crate::store::{Guarded as _, refresh_rotation};
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

/// Why no token is given out. From outside the first four look the same (semantics 1).
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
    pub(in crate::service) bearer: Bearer,
    pub(in crate::service) outcome: Outcome,
}

/// A session that acts for another is never renewed.
fn is_living(found: &Bearer, now: Timestamp) -> bool {
    let session = &found.session;
    session.acted_by.is_none() && session.is_living(&found.account, now)
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
    mut fits: impl FnMut(&Bearer) -> Result<bool>,
) -> Result<Rotated> {
    for _ in 0..ROUNDS {
        let now = kw.clock.now();
        let found = kw.questions.session(presented.session).await?;
        let found = match found {
            Some(found) if is_living(&found, now) && fits(&found)? => found,
            _ => return Ok(Rotated::Refused(Refused::NotGood)),
        };
        let look = Look::at(kw, presented, found, now);
        if let Some(rotated) = look.carry_out().await? {
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
    let is_told = |found: &Bearer| {
        let mut current = found.session.generation;
        current.seen |= kw.memory.seen.has(session, current.number);
        let step = step(current, generation, kw.clock.now(), kw.policy.rotation);
        Ok(matches!(step, Step::Late | Step::Ahead | Step::Reuse))
    };
    rotate(kw, &presented, is_told).await.map(drop)
}

/// One look at the session: what was found, and when.
struct Look<'a> {
    kw: &'a Keyward,
    presented: &'a ToRotate<'a>,
    found: Bearer,
    /// Where the session stood. What is written is guarded by it.
    stood: Generation,
    now: Timestamp,
}

impl<'a> Look<'a> {
    fn at(kw: &'a Keyward, presented: &'a ToRotate<'a>, found: Bearer, now: Timestamp) -> Self {
        let mut stood = found.session.generation;
        stood.seen |= kw.memory.seen.has(found.session.id, stood.number);
        Self {
            kw,
            presented,
            found,
            stood,
            now,
        }
    }

    /// Does what the rules say. `None` where another request changed the session meanwhile: look
    /// again.
    async fn carry_out(mut self) -> Result<Option<Rotated>> {
        let policy = self.kw.policy.rotation;
        let refused = match step(self.stood, self.presented.generation, self.now, policy) {
            Step::Rotate => {
                let done = self.move_on().await?;
                return Ok(done.then(|| self.on(Outcome::Fresh)));
            }
            Step::Replay => {
                let done = self.replay()?;
                return Ok(done.then(|| self.on(Outcome::Replayed)));
            }
            Step::Recover => {
                let done = self.recover()?;
                return Ok(done.then(|| self.on(Outcome::Recovered)));
            }
            Step::TooManyReplays => Refused::TooManyReplays,
            Step::TooManyRotations(wait) => Refused::TooManyRotations(wait),
            Step::Late => {
                write_with(self.kw, self.event(What::RefreshLate), |_| Ok(true))?;
                Refused::Late
            }
            Step::Ahead => {
                let event = self.event(What::DatabaseOlderThanTokens);
                write_with(self.kw, event, |_| Ok(true))?;
                Refused::Ahead
            }
            Step::Reuse => {
                if !self.end()? {
                    return Ok(None);
                }
                Refused::Reused
            }
        };
        Ok(Some(Rotated::Refused(refused)))
    }

    fn on(self, outcome: Outcome) -> Rotated {
        Rotated::On(Box::new(On {
            bearer: self.found,
            outcome,
        }))
    }

    async fn move_on(&mut self) -> Result<bool> {
        let (kw, session) = (self.kw, &self.found.session);
        let rotation = Rotation {
            session: session.id,
            stood: self.stood,
            next: self.stood.next(self.now, kw.policy.rotation),
            idle_expires_at: self.now + kw.policy.idle_ttl_of(session),
        };
        let done = match self.presented.fresh {
            // Too many to be remembered one by one (decision 0005).
            None => kw.questions.rotate(rotation).await?,
            Some(what) => {
                let event = self.event(what);
                write_with(kw, event, move |change| Ok(rotation.alone(change)?))?
            }
        };
        self.found.session.idle_expires_at = rotation.idle_expires_at;
        self.found.session.generation = rotation.next;
        Ok(done)
    }

    fn replay(&self) -> Result<bool> {
        let (id, number) = (self.found.session.id, self.stood.number);
        let most = self.kw.policy.rotation.max_replays;
        write_with(self.kw, self.event(What::RefreshReplayed), move |change| {
            Ok(refresh_rotation::count_replay(change, id, number, most)?)
        })
    }

    fn recover(&mut self) -> Result<bool> {
        let (id, stood) = (self.found.session.id, self.stood);
        let again = stood.given_again(self.now);
        self.found.session.generation = again;
        write_with(self.kw, self.event(What::RefreshRecovered), move |change| {
            Ok(refresh_rotation::give_again(change, id, stood, again)?)
        })
    }

    fn end(&self) -> Result<bool> {
        let (id, stood) = (self.found.session.id, self.stood);
        write_with(self.kw, self.event(What::RefreshReuse), move |change| {
            change.end_at(id, stood, EndReason::Reuse)
        })
    }

    fn event(&self, what: What) -> Event {
        Event::new(what, self.presented.client.clone())
            .of(self.found.account.id)
            .within(self.found.session.id)
    }
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
