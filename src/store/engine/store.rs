//! The store and its two doors. What becomes of those who stand in them when the database dies:
//! `lost_commit.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use r2d2::Pool;

use crate::store::engine::connection::{AnyConnection, Url, database_now};
use crate::store::engine::database_role;
use crate::store::engine::deadline::Watched;
use crate::store::engine::error::{Error, Result, Transient};
use crate::store::engine::guarded_statement::Guarded;
use crate::store::engine::lost_commit::{LEAST, LivingConnections};
use crate::store::engine::migrations;
use crate::store::engine::pooled::{Closing, LogErrors, Manager, threads};
use crate::store::engine::postgres;
use crate::store::engine::sqlite_file::{self, Opened};
use crate::store::engine::writer::Writer;
use crate::support::clock::Timestamp;

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

pub struct Store {
    url: Url,
    // Dropped in this order: the writer puts the WAL away where it is the last one that is open.
    living: LivingConnections,
    _closing: Option<Closing>,
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
        let manager = Manager::new(url.clone(), first);
        let closing = url.is_sqlite().then(|| manager.closing());
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
            living: LivingConnections::new(pool, options.deadline, !url.is_sqlite()),
            _closing: closing,
            url,
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
        read: impl FnMut(&mut AnyConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.living.read(read)
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
        write: impl FnMut(&mut AnyConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Transient + Send + 'static,
    {
        if let Some(writer) = &self.writer {
            return writer.write(write);
        }
        let written = self.living.write(write);
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
        write: impl FnMut(&mut AnyConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Transient + Send + 'static,
    {
        if let Some(writer) = &self.writer {
            return writer.write_guarded(write);
        }
        let written = self.living.write_guarded(write);
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

    /// Whether a use of a connection came to its deadline since then.
    pub fn was_silent_since(&self, then: Instant) -> bool {
        self.living.was_silent_since(then)
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
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that ended with a reader open, or closed it beside the writer, would leave the WAL behind.
    #[test]
    fn operators_75_the_writer_is_closed_after_the_last_reader() {
        let folder = std::env::temp_dir().join(format!("keyward-store-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let url = format!("sqlite://{}/keyward.db", folder.display());
        let store = Store::up_to_date(url.parse().unwrap(), &Options::default()).unwrap();
        let reader = store.living.connection().unwrap();
        let closed = std::thread::spawn(move || drop(store));
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(100) {
            assert!(!closed.is_finished(), "it waits for this one");
        }
        drop(reader);
        closed.join().unwrap();
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
        assert_eq!(files.len(), 1, "{files:?}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
