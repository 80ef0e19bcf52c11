//! A deadline for each use of a connection. What the server promises (`statement_timeout`) and
//! what the kernel finds out (`tcp_user_timeout`) end no wait for a server that is stopped, or
//! for a proxy that acknowledges and forwards nothing. So one thread looks at all connections
//! in use, and shuts the socket of each whose time is over: libpq's wait ends at once, with an
//! error. There is nothing to watch on SQLite, whose waits are our own.

use std::ops::{Deref, DerefMut};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::store::engine::any::AnyConnection;
use crate::store::engine::socket::Mark;

/// How late a wait is ended at the most.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Nobody uses it.
const FREE: u64 = u64::MAX;

/// A connection, and its socket where it has one.
pub struct Watched {
    connection: AnyConnection,
    line: Option<Arc<Line>>,
}

struct Line {
    socket: OwnedFd,
    /// Nobody else's as long as the socket is there.
    _mark: Mark,
    /// When its use must be over, in milliseconds since [`now`] was first asked.
    until: AtomicU64,
}

impl Watched {
    /// A connection that nobody waits for without end.
    pub(super) const fn unwatched(connection: AnyConnection) -> Self {
        Self {
            connection,
            line: None,
        }
    }

    pub(super) fn new(connection: AnyConnection, socket: Option<(OwnedFd, Mark)>) -> Self {
        let line = socket.map(|(socket, mark)| {
            let line = Arc::new(Line {
                socket,
                _mark: mark,
                until: AtomicU64::new(FREE),
            });
            watch(&line);
            line
        });
        Self { connection, line }
    }

    /// Uses the connection for so long at the most; after that each statement fails, and the
    /// connection is dead.
    pub fn within<T>(&mut self, limit: Duration, run: impl FnOnce(&mut AnyConnection) -> T) -> T {
        let _use = self.line.clone().map(|line| Use::begin(line, limit));
        run(&mut self.connection)
    }
}

impl Deref for Watched {
    type Target = AnyConnection;
    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl DerefMut for Watched {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

struct Use(Arc<Line>);

impl Use {
    fn begin(line: Arc<Line>, limit: Duration) -> Self {
        let limit = u64::try_from(limit.as_millis()).unwrap_or(FREE);
        line.until
            .store(now().saturating_add(limit), Ordering::Release);
        Self(line)
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.0.until.store(FREE, Ordering::Release);
    }
}

fn now() -> u64 {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let passed = BEGAN.get_or_init(Instant::now).elapsed().as_millis();
    u64::try_from(passed).unwrap_or(FREE)
}

fn watch(line: &Arc<Line>) {
    // Outlives whoever is in it: a weak handle each.
    static LINES: Mutex<Vec<Weak<Line>>> = Mutex::new(Vec::new());
    static THREAD: OnceLock<bool> = OnceLock::new();
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.retain(|line| line.strong_count() > 0);
    lines.push(Arc::downgrade(line));
    drop(lines);
    THREAD.get_or_init(|| {
        let look = || loop {
            std::thread::sleep(LOOK_EVERY);
            let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
            lines.iter().filter_map(Weak::upgrade).for_each(end_if_over);
        };
        let thread = std::thread::Builder::new().name("store-watch".to_owned());
        let started = thread.spawn(look);
        if let Err(error) = &started {
            log::error!("nobody watches the connections to the database: {error}");
        }
        started.is_ok()
    });
}

fn end_if_over(line: Arc<Line>) {
    let until = line.until.load(Ordering::Acquire);
    // Another use may have begun since; that one has its time.
    let over = until <= now()
        && line
            .until
            .compare_exchange(until, FREE, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok();
    if over {
        log::debug!("a connection to the database was silent for too long: closed");
        let _ = rustix::net::shutdown(&line.socket, rustix::net::Shutdown::Both);
    }
}
