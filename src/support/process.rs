//! What the operating system lets this process do.

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
