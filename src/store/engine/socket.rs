//! The socket below a connection to PostgreSQL. libpq does not give it out through Diesel, and
//! without it nobody can end a wait for a server that is alive and silent.

#![expect(
    unsafe_code,
    reason = "an open file is borrowed by its number for as long as one call: decision 0035"
)]

use std::collections::BTreeSet;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::net::{SocketAddrUnix, getpeername, sockopt};

/// Times of `tcp_user_timeout` that live connections have: each has one of its own, and by it
/// the socket is found.
static MARKS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Whoever connects to a local socket has it alone: there is no mark on it.
static LOCAL: Mutex<()> = Mutex::new(());

/// A time of `tcp_user_timeout` that no other connection of this process has.
pub(super) struct Mark(pub(super) u32);

impl Mark {
    /// The least free one from `least` on, in milliseconds.
    pub(super) fn from(least: u32) -> Self {
        let mut marks = MARKS.lock();
        let mut mark = least;
        while !marks.insert(mark) {
            mark += 1;
        }
        Self(mark)
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let mut marks = MARKS.lock();
        marks.remove(&self.0);
    }
}

/// Finds the socket of a connection that is being opened, as an open file of its own.
pub(super) type Search = Arc<dyn Fn() -> Option<OwnedFd> + Send + Sync>;

/// Connects, and gives the socket of the connection as an open file of its own. `None` where
/// it is not found: on a system without `/proc` or `/dev/fd`. `mark` is on it where it is a TCP
/// socket; where it `is_local` it is the one to a PostgreSQL of this machine that is new.
pub(super) fn of_new<C, E>(
    mark: &Mark,
    is_local: bool,
    connect: impl FnOnce(Search) -> Result<C, E>,
) -> Result<(C, Option<OwnedFd>), E> {
    let mark = mark.0;
    let marked =
        move || find(|file| sockopt::tcp_user_timeout(file).is_ok_and(|timeout| timeout == mark));
    if !is_local {
        let search: Search = Arc::new(marked);
        let connection = connect(Arc::clone(&search))?;
        return Ok((connection, search()));
    }
    let _alone = LOCAL.lock();
    let mut known = BTreeSet::new();
    find(|file| {
        if leads_to_postgres(file) {
            known.extend(number_of(file));
        }
        false
    });
    let search: Search = Arc::new(move || {
        let is_new = |file: BorrowedFd<'_>| {
            leads_to_postgres(file)
                && number_of(file).is_some_and(|number| !known.contains(&number))
        };
        find(is_new).or_else(marked)
    });
    let connection = connect(Arc::clone(&search))?;
    Ok((connection, search()))
}

fn leads_to_postgres(file: BorrowedFd<'_>) -> bool {
    let Ok(Some(peer)) = getpeername(file) else {
        return false;
    };
    let Ok(peer) = SocketAddrUnix::try_from(peer) else {
        return false;
    };
    let path = peer.path_bytes().unwrap_or_default();
    path.windows(9).any(|part| part == b".s.PGSQL.")
}

/// The number by which the kernel knows the socket; that of an open file is given again.
fn number_of(file: BorrowedFd<'_>) -> Option<u64> {
    rustix::fs::fstat(file).ok().map(|stat| stat.st_ino)
}

/// The first open file of this process that it is, as another open file.
fn find(mut is_it: impl FnMut(BorrowedFd<'_>) -> bool) -> Option<OwnedFd> {
    let folder = ["/proc/self/fd", "/dev/fd"].iter();
    let mut folders = folder.filter_map(|folder| std::fs::read_dir(folder).ok());
    let numbers = folders.next()?.filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.parse::<RawFd>().ok()
    });
    // All are read first: the folder is an open file too.
    let numbers: Vec<RawFd> = numbers.filter(|number| *number >= 0).collect();
    numbers.into_iter().find_map(|number| {
        // SAFETY: the number is not that of no file (-1). It is used for questions and a copy
        // alone, which close and change nothing. Where another thread closes the file
        // meanwhile, the kernel says so, or answers of another file, which is not the one.
        let file = unsafe { BorrowedFd::borrow_raw(number) };
        if is_it(file) {
            file.try_clone_to_owned().ok()
        } else {
            None
        }
    })
}
