//! A deadline for each use of a connection. What the server promises (`statement_timeout`) and
//! what the kernel finds out (`tcp_user_timeout`) end no wait for a server that is stopped, or
//! for a proxy that acknowledges and forwards nothing. So one thread looks at all connections
//! in use, and shuts the socket of each whose time is over: libpq's wait ends at once, with an
//! error. There is nothing to watch on SQLite, whose waits are our own.

use std::ops::{Deref, DerefMut};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::store::engine::any::AnyConnection;
use crate::store::engine::socket::{Mark, Search};

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
    socket: Socket,
    /// Nobody else's as long as the socket is there.
    _mark: Option<Mark>,
    /// When its use must be over, in milliseconds since [`now`] was first asked.
    until: AtomicU64,
}

enum Socket {
    Found(OwnedFd),
    /// Of a connection that is being opened: looked for once it takes too long.
    Sought(Search),
}

/// How long the next address of a connection that is being opened may take, once one of them
/// took too long.
const NEXT_ADDRESS: Duration = Duration::from_secs(2);

/// Opens a connection within so long. The library that opens it says its first words on it
/// before it gives it out, and waits for their answers without end.
pub(super) fn opening<T>(search: Search, limit: Duration, open: impl FnOnce() -> T) -> T {
    let line = Arc::new(Line {
        socket: Socket::Sought(search),
        _mark: None,
        until: AtomicU64::new(FREE),
    });
    watch(&line);
    let _use = Use::begin(line, limit);
    open()
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
                socket: Socket::Found(socket),
                _mark: Some(mark),
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
        line.until
            .store(now().saturating_add(millis(limit)), Ordering::Release);
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
    millis(BEGAN.get_or_init(Instant::now).elapsed())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(FREE)
}

fn watch(line: &Arc<Line>) {
    // Outlives whoever is in it: a weak handle each.
    static LINES: Mutex<Vec<Weak<Line>>> = Mutex::new(Vec::new());
    static THREAD: OnceLock<bool> = OnceLock::new();
    let mut lines = LINES.lock();
    lines.retain(|line| line.strong_count() > 0);
    lines.push(Arc::downgrade(line));
    drop(lines);
    THREAD.get_or_init(|| {
        let look = || loop {
            std::thread::sleep(LOOK_EVERY);
            let lines = LINES.lock();
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
    let next = match &line.socket {
        Socket::Found(_) => FREE,
        Socket::Sought(_) => now().saturating_add(millis(NEXT_ADDRESS)),
    };
    // Another use may have begun since; that one has its time.
    let over = until <= now()
        && line
            .until
            .compare_exchange(until, next, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok();
    if !over {
        return;
    }
    log::debug!("a connection to the database was silent for too long: closed");
    match &line.socket {
        Socket::Found(socket) => shut(socket),
        Socket::Sought(search) => search().iter().for_each(shut),
    }
}

fn shut(socket: &OwnedFd) {
    let _ = rustix::net::shutdown(socket, rustix::net::Shutdown::Both);
}
