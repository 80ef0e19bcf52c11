//! The store and its two doors.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use r2d2::{Pool, PooledConnection};

use crate::store::engine::connection::{AnyConnection, Url, database_now};
use crate::store::engine::database_role;
use crate::store::engine::deadline::Watched;
use crate::store::engine::error::{Error, Result, Transient};
use crate::store::engine::guarded_statement::Guarded;
use crate::store::engine::migrations;
use crate::store::engine::pooled::{LogErrors, Manager, Pooled, threads};
use crate::store::engine::postgres;
use crate::store::engine::sqlite_file::{self, Opened};
use crate::store::engine::transaction::transaction;
use crate::store::engine::writer::Writer;
use crate::support::clock::Timestamp;
use crate::support::waiting::while_waiting;

pub struct Options {
    /// Connections of the reading door; on PostgreSQL of both doors.
    pub connections: u32,
    /// How long a caller waits for a free one.
    pub patience: Duration,
    /// How long one reading or writing may take, the wait for a connection included.
    pub deadline: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 8,
            patience: Duration::from_secs(2),
            deadline: Duration::from_millis(2500),
        }
    }
}

/// What a reading or writing has at the least once it has a connection.
const LEAST: Duration = Duration::from_millis(500);

pub struct Store {
    url: Url,
    pool: Pool<Manager>,
    deadline: Duration,
    /// When a connection was last found silent: those that were in the pool by then may be.
    silent_at: Mutex<Option<(Instant, Instant)>>,
    /// SQLite's one writer.
    writer: Option<Writer>,
    /// PostgreSQL did not take the last write.
    failing: AtomicBool,
}

impl Store {
    /// Opens the database. Migrations are run apart from this (`migrations.rs`).
    ///
    /// # Errors
    /// Where it can not be opened; the message says why.
    pub fn open(url: Url, options: &Options) -> Result<Self> {
        // Once by hand first: the pool would try for its whole patience and then say
        // only that it timed out.
        let connection = url.open()?;
        Self::over(connection, url, options)
    }

    /// The same after the migrations that are missing.
    ///
    /// # Errors
    /// As [`Store::open`]; where the database is unsuitable, or newer than this binary.
    pub fn up_to_date(url: Url, options: &Options) -> Result<Self> {
        let mut connection = url.open_suitable()?;
        let ran = migrations::up_over(&mut connection)?;
        if ran.is_empty() {
            return Self::over(connection, url, options);
        }
        // Closed, it puts what it wrote into the file itself, and leaves no WAL as long as that.
        drop(connection);
        Self::open(url, options)
    }

    /// SQLite's writer keeps this connection, and the pool begins with another: each one that is
    /// opened reads the schema, and the last one that is closed puts the WAL away. On PostgreSQL it
    /// may have other settings by now.
    fn over(connection: Watched, url: Url, options: &Options) -> Result<Self> {
        let (writer, first) = match &url {
            Url::Sqlite(path) => {
                let writer = Writer::start(url.clone(), connection)?;
                let first = url.open_to_read()?;
                writer.keep_to(Opened::of(path));
                (Some(writer), Some(first))
            }
            Url::Postgres(_) => {
                drop(connection);
                (None, None)
            }
        };
        let manager = Manager {
            url: url.clone(),
            first: Mutex::new(first),
        };
        let pool = Pool::builder()
            .max_size(options.connections)
            // Not 0: r2d2 wakes nobody when it drops a broken connection, so those that
            // wait would wait in vain; it opens another only to keep this number.
            .min_idle(Some(1))
            .connection_timeout(options.patience)
            .test_on_check_out(false)
            .thread_pool(threads())
            .error_handler(Box::new(LogErrors))
            .build_unchecked(manager);
        Ok(Self {
            url,
            pool,
            deadline: options.deadline,
            silent_at: Mutex::new(None),
            writer,
            failing: AtomicBool::new(false),
        })
    }

    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Reads. No other connection may be asked for inside. Run again on another
    /// connection where the first one turns out to be dead.
    ///
    /// # Errors
    /// What `read` says, or that no connection was to be had.
    pub fn read<T, E: From<Error>>(
        &self,
        mut read: impl FnMut(&mut AnyConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.on_living(|connection| read(connection).map_err(Failed::Before))
    }

    /// Writes, in one transaction: all of it is durable when this answers `Ok`, and
    /// nothing of it happened when it answers `Err`, unless the connection was lost at
    /// the commit itself. Run once more where the database broke off a transaction, or
    /// the connection was dead, and nothing was acknowledged.
    ///
    /// # Errors
    /// What `write` says (then it is rolled back), or that the commit failed.
    pub fn write<T, E>(
        &self,
        mut write: impl FnMut(&mut AnyConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Transient + Send + 'static,
    {
        if let Some(writer) = &self.writer {
            return writer.write(write);
        }
        let written = self.on_living(|connection| {
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
        });
        self.note(&written);
        written
    }

    /// Remembers that the database did not take a write. Another that it takes says nothing: a
    /// small row may find a place where others find none.
    fn note<T, E: Transient>(&self, written: &Result<T, E>) {
        if let Err(error) = written
            && error.said_by_database().is_some()
            && !error.is_transient()
        {
            self.failing.store(true, Ordering::Relaxed);
        }
    }

    /// Writes one statement, which is a transaction by itself, without the round trips that
    /// begin and commit one. Its guard must let it change nothing when it is run again: where
    /// the connection was lost it is, on another one, and nobody knows whether it took place.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_guarded<T, E>(
        &self,
        mut write: impl FnMut(&mut AnyConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Transient + Send + 'static,
    {
        if let Some(writer) = &self.writer {
            return writer.write_guarded(write);
        }
        let written = self.on_living(|connection| {
            let result = match write(connection) {
                Err(error) if error.is_transient() => write(connection),
                result => result,
            };
            result.map_err(Failed::Before)
        });
        self.note(&written);
        written
    }

    /// Writes guarded statements of many callers, each of which holds or fails by itself. On SQLite
    /// they stand one behind another before the writer. On PostgreSQL one statement carries those
    /// that hold and that nobody is in the way of; `None` is for the others, which go alone by
    /// [`Store::write_guarded`], each on its caller's own time.
    pub fn write_each<G: Guarded>(&self, all: &[G]) -> Vec<Option<Result<bool>>> {
        if let Some(writer) = &self.writer {
            return writer.write_each(all).into_iter().map(Some).collect();
        }
        let began = Instant::now();
        let together: Arc<[G]> = all.into();
        let done = self.write_guarded(move |connection| match connection {
            AnyConnection::Postgres(postgres) => G::together(&together, postgres),
            AnyConnection::Sqlite(_) => Ok(Vec::new()),
        });
        match done {
            Ok(done) => {
                let mut each = vec![None; all.len()];
                for at in done {
                    each[at] = Some(Ok(true));
                }
                each
            }
            // It may be the fault of one of them.
            Err(_) if began.elapsed() < LEAST => vec![None; all.len()],
            Err(error) => vec![Some(Err(error)); all.len()],
        }
    }

    /// Runs on a connection of the pool, and on another one where that was dead.
    fn on_living<T, E: From<Error>>(
        &self,
        run: impl FnMut(&mut AnyConnection) -> Result<T, Failed<E>>,
    ) -> Result<T, E> {
        if self.url.is_sqlite() {
            // Its pages are in memory, or soon there: a thread that reads them is at work.
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

    /// Whether a use of a connection came to its deadline since then.
    pub fn was_silent_since(&self, then: Instant) -> bool {
        let silent_at = self.silent_at.lock();
        silent_at.is_some_and(|(_, found)| found > then)
    }

    /// Whether it could take a write now. Changes nothing.
    ///
    /// # Errors
    /// Why not.
    pub fn assert_ready(&self) -> Result<()> {
        let (Some(writer), Url::Sqlite(path)) = (&self.writer, &self.url) else {
            self.read(|connection| {
                database_now(connection)?;
                migrations::assert_none_missing(connection)
            })?;
            if self.failing.load(Ordering::Relaxed) {
                self.read(|connection| {
                    database_role::assert_all(connection)?;
                    postgres::assert_writes(connection)
                })?;
                self.failing.store(false, Ordering::Relaxed);
            }
            return Ok(());
        };
        writer.assert_files()?;
        self.read(migrations::assert_none_missing)?;
        sqlite_file::assert_room(path)?;
        writer.assert_writes(path)
    }

    /// The database's own clock, and when it was asked; `None` on SQLite, which has the machine's.
    pub fn clock(&self) -> Result<Option<(Timestamp, Instant)>> {
        self.read(|connection| {
            // Not while a connection is waited for.
            let asked = Instant::now();
            Ok(database_now(connection)?.map(|now| (now, asked)))
        })
    }

    /// A connection outside the pool, for a reader that must never wait for a free one.
    pub fn own_reader(&self) -> Result<Watched> {
        self.url.open_to_read()
    }

    fn connection(&self) -> Result<PooledConnection<Manager>> {
        if let Some(free) = self.pool.try_get() {
            return Ok(free);
        }
        while_waiting(|| self.pool.get())
            .map_err(|error| Error::Unavailable(format!("no free connection: {error}")))
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
