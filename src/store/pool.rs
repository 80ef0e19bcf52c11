//! The store and its two doors.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use diesel::Connection as _;
use r2d2::{ManageConnection, Pool, PooledConnection};

use super::connection::{AnyConnection, Url, database_now};
use super::error::{Error, Result, Transient};
use super::writer::Writer;
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

struct Pooled {
    connection: AnyConnection,
    /// Whether the server has gone away from it, as far as was asked.
    cut: bool,
}

impl Pooled {
    /// Diesel takes a connection for whole whose server was restarted. So it is asked, but
    /// only after something failed on it: a ping before each use would double the way.
    fn ask_after_failure(&mut self) {
        self.cut = database_now(&mut self.connection).is_err();
    }
}

impl ManageConnection for Manager {
    type Connection = Pooled;
    type Error = Error;

    fn connect(&self) -> Result<Pooled> {
        let connection = self.0.open_to_read()?;
        Ok(Pooled {
            connection,
            cut: false,
        })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<()> {
        database_now(&mut pooled.connection).map(|_| ())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        std::thread::panicking()
            || pooled.cut
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

    /// Reads. No other connection may be asked for inside.
    ///
    /// # Errors
    /// What `read` says, or that no connection was to be had.
    pub fn read<T, E: From<Error>>(
        &self,
        read: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut pooled = self.connection()?;
        let result = read(&mut pooled.connection);
        if result.is_err() {
            pooled.ask_after_failure();
        }
        result
    }

    /// Writes, in one transaction: all of it is durable when this answers `Ok`, and
    /// nothing of it happened when it answers `Err`. Run once more where the database
    /// broke off a transaction, or its connection was cut before the commit was sent.
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
        match self.try_to_write(&mut write) {
            (Err(_), true) => self.try_to_write(&mut write).0,
            (result, _) => result,
        }
    }

    /// What came of it, and whether it can be run again: surely nothing was committed.
    fn try_to_write<T, E: From<Error> + Transient>(
        &self,
        write: &mut impl FnMut(&mut AnyConnection) -> Result<T, E>,
    ) -> (Result<T, E>, bool) {
        let mut pooled = match self.connection() {
            Ok(pooled) => pooled,
            Err(error) => return (Err(error.into()), false),
        };
        let mut committing = false;
        let result = transaction(&mut pooled.connection, &mut |tx| {
            let result = write(tx);
            committing = result.is_ok();
            result
        });
        let Err(error) = &result else {
            return (result, false);
        };
        let transient = error.is_transient();
        pooled.ask_after_failure();
        let again = transient || (pooled.cut && !committing);
        (result, again)
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

/// What comes out of a transaction: the act's own refusal, or the database's.
pub(super) enum Outcome<E> {
    Refused(E),
    Database(diesel::result::Error),
}

impl<E> From<diesel::result::Error> for Outcome<E> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

impl<E: From<Error>> Outcome<E> {
    pub(super) fn into_error(self) -> E {
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
pub(super) fn transaction<T, E: From<Error>>(
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
        log::warn!("{error}");
    }
}
