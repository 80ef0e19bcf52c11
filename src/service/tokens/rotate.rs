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
use crate::service::audit::record;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::broadcast::ended;
use crate::store::{self, AnyConnection, revocations, rotation, sessions};
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
    /// Refused, and nothing was changed.
    Refused(Error),
    /// Refused, and the session was ended: everybody has learned of it.
    Ended,
}

pub(in crate::service) struct On {
    pub(in crate::service) session: Session,
    pub(in crate::service) account: Account,
    pub(in crate::service) outcome: Outcome,
    /// What the account may do now.
    pub(in crate::service) access: Access,
}

impl On {
    fn is_living(&self, now: Timestamp) -> bool {
        self.account.enabled && !self.session.is_over(self.account.epoch, now)
    }
}

/// Which generation of which session was presented, and by whom.
pub(in crate::service) struct Presented<'a> {
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
pub(in crate::service) fn rotate(
    kw: &Keyward,
    presented: &Presented<'_>,
    mut fits: impl FnMut(&mut AnyConnection, &On) -> Result<bool>,
) -> Result<Rotated> {
    for _ in 0..ROUNDS {
        let now = kw.clock.now();
        let found = kw.store.read(|db| -> Result<_> {
            let found = sessions::lookup_with_access(db, presented.session)?;
            let on = found.map(|(session, account, access)| On {
                session,
                account,
                outcome: Outcome::Fresh,
                access,
            });
            Ok(match on {
                Some(on) if on.is_living(now) && fits(db, &on)? => Some(on),
                _ => None,
            })
        })?;
        let Some(on) = found else {
            return Ok(Rotated::Refused(Error::credentials()));
        };
        if let Some(rotated) = attempt(kw, presented, on, now)? {
            return Ok(rotated);
        }
    }
    Err(Error::busy(
        "a session changed under every attempt to rotate it",
    ))
}

/// `None` where another request changed the session meanwhile: look again.
fn attempt(
    kw: &Keyward,
    presented: &Presented<'_>,
    mut on: On,
    now: Timestamp,
) -> Result<Option<Rotated>> {
    let id = on.session.id;
    let mut current = on.session.generation;
    current.seen |= kw.seen.has(id, current.number);
    let account = on.account.id;
    let event = |what| {
        Event::new(what, presented.client.clone())
            .of(account)
            .within(id)
    };
    let policy = kw.policy.rotation;
    on.outcome = match step(current, presented.generation, now, policy) {
        Step::Rotate => {
            let idle = now + kw.policy.idle_ttl(on.session.class);
            let next = current.next(now, policy);
            let event = presented.fresh.map(event);
            let guarded = move |tx: &mut _| rotation::rotate(tx, id, [current, next], idle);
            let done = match event {
                // Too many to be remembered one by one (decision 0005).
                None => kw.store.write_guarded(guarded)?,
                Some(event) => write_with(kw, event, now, guarded)?,
            };
            if !done {
                return Ok(None);
            }
            on.session.idle_expires_at = idle;
            on.session.generation = next;
            Outcome::Fresh
        }
        Step::Replay => {
            let done = write_with(kw, event(What::RefreshReplayed), now, move |tx| {
                sessions::count_replay(tx, id, current.number, policy.max_replays)
            })?;
            if !done {
                return Ok(None);
            }
            Outcome::Replayed
        }
        Step::Recover => {
            let again = current.given_again(now);
            let done = write_with(kw, event(What::RefreshRecovered), now, move |tx| {
                sessions::give_again(tx, id, current, again)
            })?;
            if !done {
                return Ok(None);
            }
            on.session.generation = again;
            Outcome::Recovered
        }
        Step::TooManyReplays => {
            let message = "Too many requests with one refresh token.";
            return Ok(Some(too_many(message, Duration::from_secs(30))));
        }
        Step::TooManyRotations(wait) => {
            let message = "Too many refreshes of one session. Use each access token until it ends.";
            return Ok(Some(too_many(message, wait)));
        }
        refused @ (Step::Late | Step::Ahead) => {
            let what = if refused == Step::Late {
                What::RefreshLate
            } else {
                What::DatabaseOlderThanTokens
            };
            write_with(kw, event(what), now, |_| Ok(true))?;
            return Ok(Some(Rotated::Refused(Error::credentials().not_final())));
        }
        Step::Reuse => {
            let entry = ended(id, now);
            let done = write_with(kw, event(What::RefreshReuse), now, move |tx| {
                let ended = sessions::end_at(tx, id, current, now, EndReason::Reuse)?;
                if ended {
                    revocations::add(tx, entry)?;
                }
                Ok(ended)
            })?;
            if !done {
                return Ok(None);
            }
            kw.learn(&[entry]);
            return Ok(Some(Rotated::Ended));
        }
    };
    Ok(Some(Rotated::On(Box::new(on))))
}

/// Nothing was changed, and the same token is good after a while.
fn too_many(message: &'static str, wait: Duration) -> Rotated {
    let mut error = Error::new(Code::RequestsExceeded, message).not_final();
    let seconds = wait.as_millis().div_ceil(1000);
    error.retry_after = Some(u32::try_from(seconds).unwrap_or(u32::MAX));
    Rotated::Refused(error)
}

/// A guarded change and its line in the audit log: both, or neither.
fn write_with(
    kw: &Keyward,
    event: Event,
    now: Timestamp,
    mut change: impl FnMut(&mut AnyConnection) -> store::Result<bool> + Send + 'static,
) -> Result<bool> {
    let inner = kw.clone();
    kw.store.write(move |tx| {
        let changed = change(tx)?;
        if changed {
            record(&inner, tx, &event, now)?;
        }
        Ok::<_, Error>(changed)
    })
}
