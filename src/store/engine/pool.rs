//! The store and its two doors.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use diesel::Connection as _;
use r2d2::{ManageConnection, Pool, PooledConnection};

use crate::store::engine::connection::{AnyConnection, Url, database_now};
use crate::store::engine::error::{Error, Result, Transient};
use crate::store::engine::writer::Writer;
use crate::support::clock::Timestamp;

pub struct Options {
    /// Connections of the reading door; on PostgreSQL of both doors.
    pub connections: u32,
    /// How long a caller waits for a free one.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 8,
            patience: Duration::from_secs(2),
        }
    }
}

pub struct Store {
    url: Url,
    pool: Pool<Manager>,
    /// SQLite's one writer.
    writer: Option<Writer>,
}

struct Manager(Url);

/// A connection of the pool. After an error it is asked whether it still lives; a dead
/// one is not put back, or it would fail one request after another.
struct Pooled {
    connection: AnyConnection,
    dead: bool,
}

impl Pooled {
    fn find_out(&mut self) {
        self.dead = database_now(&mut self.connection).is_err();
    }
}

impl ManageConnection for Manager {
    type Connection = Pooled;
    type Error = Error;

    fn connect(&self) -> Result<Pooled> {
        let connection = self.0.open_to_read()?;
        Ok(Pooled {
            connection,
            dead: false,
        })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<()> {
        database_now(&mut pooled.connection).map(|_| ())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.dead
            || std::thread::panicking()
            || diesel::r2d2::R2D2Connection::is_broken(&mut pooled.connection)
    }
}

impl Store {
    /// Opens the database. Migrations are run apart from this (`migrations.rs`).
    ///
    /// # Errors
    /// Where it can not be opened; the message says why.
    pub fn open(url: Url, options: &Options) -> Result<Self> {
        // Once by hand first: the pool would try for its whole patience and then say
        // only that it timed out.
        drop(url.open()?);
        let pool = Pool::builder()
            .max_size(options.connections)
            // Not 0: r2d2 wakes nobody when it drops a broken connection, so those that
            // wait would wait in vain; it opens another only to keep this number.
            .min_idle(Some(1))
            .connection_timeout(options.patience)
            .test_on_check_out(false)
            .thread_pool(threads())
            .error_handler(Box::new(LogErrors))
            .build_unchecked(Manager(url.clone()));
        let writer = match &url {
            Url::Sqlite(_) => Some(Writer::start(url.clone())?),
            Url::Postgres(_) => None,
        };
        Ok(Self { url, pool, writer })
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
                    Failed::AtCommit(error)
                } else {
                    Failed::Before(error)
                }
            })
        })
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
        mut run: impl FnMut(&mut AnyConnection) -> Result<T, Failed<E>>,
    ) -> Result<T, E> {
        // After the database was restarted every idle connection may be dead.
        let mut tries = self.pool.max_size();
        loop {
            let mut pooled = self.connection()?;
            let failed = match run(&mut pooled.connection) {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            pooled.find_out();
            match failed {
                Failed::Before(_) if pooled.dead && tries > 0 => tries -= 1,
                Failed::Before(error) | Failed::AtCommit(error) => return Err(error),
            }
        }
    }

    /// The database's own clock; `None` on SQLite, which has the machine's.
    ///
    /// # Errors
    /// When the database is away.
    pub fn clock(&self) -> Result<Option<Timestamp>> {
        self.read(database_now)
    }

    /// A connection outside the pool, for a reader that must never wait for a free one.
    ///
    /// # Errors
    /// When the database is away.
    pub fn own_reader(&self) -> Result<AnyConnection> {
        self.url.open_to_read()
    }

    fn connection(&self) -> Result<PooledConnection<Manager>> {
        self.pool
            .get()
            .map_err(|error| Error::Unavailable(format!("no free connection: {error}")))
    }
}

/// When it failed: at the commit nobody knows whether it took place.
enum Failed<E> {
    Before(E),
    AtCommit(E),
}

/// What comes out of a transaction: the act's own refusal, or the database's.
pub(in crate::store) enum Outcome<E> {
    Refused(E),
    Database(diesel::result::Error),
}

impl<E> From<diesel::result::Error> for Outcome<E> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

impl<E: From<Error>> Outcome<E> {
    pub(in crate::store) fn into_error(self) -> E {
        match self {
            Self::Refused(error) => error,
            Self::Database(error) => Error::from(error).into(),
        }
    }
}

/// A transaction, or a savepoint where one is open.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place below which transactions begin"
)]
pub(in crate::store) fn transaction<T, E: From<Error>>(
    connection: &mut AnyConnection,
    write: &mut impl FnMut(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E> {
    connection
        .transaction(|connection| write(connection).map_err(Outcome::Refused))
        .map_err(Outcome::into_error)
}

/// One small pool of threads that open connections, for all stores of a process.
fn threads() -> Arc<scheduled_thread_pool::ScheduledThreadPool> {
    static THREADS: OnceLock<Arc<scheduled_thread_pool::ScheduledThreadPool>> = OnceLock::new();
    Arc::clone(THREADS.get_or_init(|| {
        let pool = scheduled_thread_pool::ScheduledThreadPool::builder()
            .num_threads(2)
            .thread_name_pattern("store-connect-{}");
        Arc::new(pool.build())
    }))
}

#[derive(Debug)]
struct LogErrors;

impl r2d2::HandleError<Error> for LogErrors {
    fn handle_error(&self, error: Error) {
        // Each request that goes without says so; this is every attempt to connect.
        log::debug!("{error}");
    }
}
