//! What the operating system lets this process do.

use std::sync::Arc;

use parking_lot::RwLock;
use rustix::process::{DumpableBehavior, Resource, Rlimit};

/// Makes the soft limit of open files as high as the hard one, and tells how many there may
/// be; `None` where there is no limit. A service has no use of a lower one: it was meant for
/// programs that look at each number.
#[must_use]
pub fn raise_open_files() -> Option<u64> {
    let before = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    match rustix::process::setrlimit(Resource::Nofile, raised) {
        Ok(()) => before.maximum,
        Err(_) => before.current,
    }
}

/// With room for fewer connections a service is none.
const LEAST_CONNECTIONS: usize = 16;

/// How many of `wanted` connections fit below a limit of open files, of which the process
/// itself needs `own`.
///
/// # Errors
/// The limit that is needed at least, where there is room for hardly any.
pub fn fitting(wanted: usize, own: usize, limit: Option<u64>) -> Result<usize, usize> {
    let limit = limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    });
    let least = wanted.min(LEAST_CONNECTIONS);
    match limit.checked_sub(own) {
        Some(room) if room >= least => Ok(wanted.min(room)),
        _ => Err(own + least),
    }
}

/// Threads that begin with a server and stay: for each core one of HTTP, one of passwords and one of
/// the store; and what is there once.
#[must_use]
pub fn threads_of_a_server() -> usize {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    11 + 3 * cores
}

/// Begins so many threads at once and ends them again: whether there can be so many is known before
/// anything is done that they would be missing for.
///
/// # Errors
/// What the system says of the first that it refuses.
pub fn try_threads(count: usize) -> std::io::Result<()> {
    let gate = Arc::new(RwLock::new(()));
    let closed = gate.write();
    let mut threads = Vec::with_capacity(count);
    let mut refused = Ok(());
    for _ in 0..count {
        let gate = Arc::clone(&gate);
        let thread = std::thread::Builder::new()
            .stack_size(64 * 1024)
            .spawn(move || drop(gate.read()));
        match thread {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                refused = Err(error);
                break;
            }
        }
    }
    drop(closed);
    for thread in threads {
        // It has done nothing that could fail.
        let _ = thread.join();
    }
    refused
}

/// Keeps the keys in memory out of a core file, and from other processes of the same user.
///
/// # Errors
/// What the system says.
pub fn forbid_dumps() -> std::io::Result<()> {
    Ok(rustix::process::set_dumpable_behavior(
        DumpableBehavior::NotDumpable,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_55_threads_are_tried_and_end() {
        try_threads(30).unwrap();
        assert!(threads_of_a_server() >= 14);
    }

    #[test]
    fn attack_l3_no_more_connections_than_files() {
        assert_eq!(fitting(10_000, 64, None), Ok(10_000));
        assert_eq!(fitting(10_000, 64, Some(1 << 20)), Ok(10_000));
        assert_eq!(fitting(10_000, 64, Some(1024)), Ok(960));
        assert_eq!(fitting(10_000, 64, Some(80)), Ok(16));
        assert_eq!(fitting(10_000, 64, Some(79)), Err(80));
        assert_eq!(fitting(4, 64, Some(68)), Ok(4));
        assert_eq!(fitting(10_000, 64, Some(10)), Err(80));
        let limit = raise_open_files();
        let now = rustix::process::getrlimit(Resource::Nofile);
        assert_eq!((now.current, now.maximum), (limit, limit));
    }
}
