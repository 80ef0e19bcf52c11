//! The connections of the pool: how they are opened, asked whether they live, and thrown away.

use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use r2d2::ManageConnection;

use crate::store::engine::connection::{Url, database_now};
use crate::store::engine::deadline::Watched;
use crate::store::engine::error::{Error, Result};

/// How long a connection may take to say that it lives.
const QUESTION: Duration = Duration::from_millis(400);

/// How long the last of them is waited for.
const CLOSING: Duration = Duration::from_secs(1);

/// Opens them. The first one may be open already.
pub(super) struct Manager {
    pub(super) url: Url,
    first: Mutex<Option<Watched>>,
    open: Arc<()>,
}

impl Manager {
    pub(super) fn new(url: Url, first: Option<Watched>) -> Self {
        Self {
            url,
            first: Mutex::new(first),
            open: Arc::default(),
        }
    }

    pub(super) fn closing(&self) -> Closing {
        Closing(Arc::downgrade(&self.open))
    }
}

/// Waits, when it is dropped, for the connections of a pool that was dropped before: a thread that opened
/// one may have it for a moment longer.
pub(super) struct Closing(Weak<()>);

impl Drop for Closing {
    fn drop(&mut self) {
        let began = Instant::now();
        while self.0.strong_count() > 0 && began.elapsed() < CLOSING {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A connection of the pool. After an error it is asked whether it still lives; a dead
/// one is not put back, or it would fail one request after another.
pub(super) struct Pooled {
    pub(super) connection: Watched,
    pub(super) dead: bool,
    pub(super) answered_at: Instant,
    /// Dropped after the connection.
    _open: Arc<()>,
}

impl Pooled {
    pub(super) fn find_out(&mut self) {
        let answer = self.connection.within(QUESTION, database_now);
        self.dead = answer.is_err();
        if !self.dead {
            self.answered_at = Instant::now();
        }
    }
}

impl ManageConnection for Manager {
    type Connection = Pooled;
    type Error = Error;

    fn connect(&self) -> Result<Pooled> {
        let first = self.first.lock().take();
        let connection = first.map_or_else(|| self.url.open_to_read(), Ok)?;
        Ok(Pooled {
            connection,
            dead: false,
            answered_at: Instant::now(),
            _open: Arc::clone(&self.open),
        })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<()> {
        pooled.connection.within(QUESTION, database_now).map(|_| ())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.dead
            || std::thread::panicking()
            || diesel::r2d2::R2D2Connection::is_broken(&mut *pooled.connection)
    }
}

/// One small pool of threads that open connections, for all stores of a process.
pub(super) fn threads() -> Arc<scheduled_thread_pool::ScheduledThreadPool> {
    static THREADS: OnceLock<Arc<scheduled_thread_pool::ScheduledThreadPool>> = OnceLock::new();
    Arc::clone(THREADS.get_or_init(|| {
        let pool = scheduled_thread_pool::ScheduledThreadPool::builder()
            .num_threads(2)
            .thread_name_pattern("store-connect-{}");
        Arc::new(pool.build())
    }))
}

#[derive(Debug)]
pub(super) struct LogErrors;

impl r2d2::HandleError<Error> for LogErrors {
    fn handle_error(&self, error: Error) {
        // Each request that goes without says so; this is every attempt to connect.
        log::debug!("{error}");
    }
}
