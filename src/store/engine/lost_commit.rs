//! What happens when the database dies: at a statement, or at the commit. What nobody acknowledged
//! is run again on another connection. What was lost at the commit itself is not, unless a guard lets it
//! change nothing twice: nobody knows whether it took place. A fresh refresh goes by `write_guarded`, every
//! other act by `write`.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use r2d2::{Pool, PooledConnection};

use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Error, Result, Transient};
use crate::store::engine::pooled::{Manager, Pooled};
use crate::store::engine::transaction::transaction;
use crate::support::waiting::while_waiting;

/// What a reading or writing has at the least once it has a connection.
pub(super) const LEAST: Duration = Duration::from_millis(500);

/// The pool, whose connections may have died since they were used.
pub(super) struct LivingConnections {
    pool: Pool<Manager>,
    /// How long one reading or writing may take, the wait for a connection included.
    deadline: Duration,
    /// Whether threads wait for the database; else its pages are in memory, or soon there, and a
    /// thread that reads them is at work.
    is_waited_for: bool,
    /// When a connection was last found silent: those that were in the pool by then may be.
    silent_at: Mutex<Option<(Instant, Instant)>>,
}

impl LivingConnections {
    pub(super) const fn new(pool: Pool<Manager>, deadline: Duration, is_waited_for: bool) -> Self {
        Self {
            pool,
            deadline,
            is_waited_for,
            silent_at: Mutex::new(None),
        }
    }

    /// Reads, on another connection where the first one turns out to be dead.
    pub(super) fn read<T, E: From<Error>>(
        &self,
        mut read: impl FnMut(&mut AnyConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.on_living(|connection| read(connection).map_err(Failed::Before))
    }

    /// Writes a transaction, once more where the database broke it off, and on another connection
    /// where that died before the commit.
    pub(super) fn write<T, E: From<Error> + Transient>(
        &self,
        mut write: impl FnMut(&mut AnyConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.on_living(|connection| {
            let mut committing = false;
            let mut once = |connection: &mut AnyConnection| {
                committing = false;
                let result = write(connection);
                committing = result.is_ok();
                result
            };
            let result = match transaction(connection, &mut once) {
                Err(error) if error.is_transient() => transaction(connection, &mut once),
                result => result,
            };
            result.map_err(|error| {
                if committing {
                    let said = error.said_by_database().unwrap_or_default();
                    Failed::AtCommit(error, said)
                } else {
                    Failed::Before(error)
                }
            })
        })
    }

    /// The same of one guarded statement, whose commit is its own: it is run again even where nobody
    /// knows whether it took place.
    pub(super) fn write_guarded<T, E: From<Error> + Transient>(
        &self,
        mut write: impl FnMut(&mut AnyConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.on_living(|connection| {
            let result = match write(connection) {
                Err(error) if error.is_transient() => write(connection),
                result => result,
            };
            result.map_err(Failed::Before)
        })
    }

    /// Runs on a connection of the pool, and on another one where that was dead.
    fn on_living<T, E: From<Error>>(
        &self,
        run: impl FnMut(&mut AnyConnection) -> Result<T, Failed<E>>,
    ) -> Result<T, E> {
        if !self.is_waited_for {
            return self.on_one(run);
        }
        while_waiting(|| self.on_one(run))
    }

    fn on_one<T, E: From<Error>>(
        &self,
        mut run: impl FnMut(&mut AnyConnection) -> Result<T, Failed<E>>,
    ) -> Result<T, E> {
        let began = Instant::now();
        // After the database was restarted every idle connection may be dead.
        let mut tries = self.pool.max_size();
        loop {
            let mut pooled = self.connection()?;
            if self.is_doubtful(&pooled) {
                pooled.find_out();
                if pooled.dead && tries > 0 && began.elapsed() < self.deadline {
                    tries -= 1;
                    continue;
                }
            }
            let limit = self.deadline.saturating_sub(began.elapsed()).max(LEAST);
            let asked = Instant::now();
            let failed = match pooled.connection.within(limit, &mut run) {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            if asked.elapsed() >= limit {
                self.found_silent(asked);
            }
            pooled.find_out();
            match failed {
                Failed::Before(_)
                    if pooled.dead && tries > 0 && began.elapsed() < self.deadline =>
                {
                    tries -= 1;
                }
                Failed::AtCommit(_, said) if pooled.dead => return Err(unacknowledged(said).into()),
                Failed::Before(error) | Failed::AtCommit(error, _) => return Err(error),
            }
        }
    }

    /// Whether it has said nothing since another one was found silent.
    fn is_doubtful(&self, pooled: &Pooled) -> bool {
        let silent_at = self.silent_at.lock();
        silent_at.is_some_and(|(silent_at, _)| pooled.answered_at <= silent_at)
    }

    fn found_silent(&self, at: Instant) {
        let mut silent_at = self.silent_at.lock();
        let asked = silent_at.map_or(at, |(before, _)| before.max(at));
        *silent_at = Some((asked, Instant::now()));
    }

    pub(super) fn connection(&self) -> Result<PooledConnection<Manager>> {
        if let Some(free) = self.pool.try_get() {
            return Ok(free);
        }
        while_waiting(|| self.pool.get())
            .map_err(|error| Error::Unavailable(format!("no free connection: {error}")))
    }

    /// Whether a use of a connection came to its deadline since then.
    pub(super) fn was_silent_since(&self, then: Instant) -> bool {
        let silent_at = self.silent_at.lock();
        silent_at.is_some_and(|(_, found)| found > then)
    }
}

/// An operator must know of it as well: whoever asked may not ask again.
fn unacknowledged(why: String) -> Error {
    log::error!("a commit had no answer, and nobody knows whether it took place: {why}");
    Error::Unacknowledged(why)
}

/// When it failed, and what the database said at a commit: where the connection is lost nobody knows
/// whether that took place.
enum Failed<E> {
    Before(E),
    AtCommit(E, String),
}
