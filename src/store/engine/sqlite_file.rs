//! How an SQLite file is opened, and whether this user can work with it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::sql_types::Integer;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection as _, RunQueryDsl as _};
use rustix::fs::{Access, AtFlags, CWD, Mode, StatVfsMountFlags, accessat};

use crate::store::engine::error::{Error, Result};
use crate::store::engine::open_files;
use crate::support::private_files::{create, folder_of};

/// How long SQLite waits for another process's lock, in milliseconds.
const BUSY_MILLIS: u32 = 2500;

/// Opens the file, and makes it where it is not there.
pub(super) fn open(path: &Path) -> Result<SqliteConnection> {
    let away = |why: String| Error::Unavailable(in_words(path, &why));
    assert_whole(path)?;
    // SQLite would make the file readable for all. It takes over mode and owner of one that
    // is there, also for its `-wal` and `-shm` files.
    create(path).map_err(|error| away(error.to_string()))?;
    let text = path
        .to_str()
        .ok_or_else(|| away("the path is not UTF-8".to_owned()))?;
    let mut connection =
        SqliteConnection::establish(text).map_err(|error| away(error.to_string()))?;
    let pragmas = format!(
        "PRAGMA busy_timeout = {BUSY_MILLIS}; PRAGMA journal_mode = WAL; \
         PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; \
         PRAGMA temp_store = MEMORY;"
    );
    // SQLite does not wait for others where it switches to WAL: two processes that find
    // the same new file would stop each other.
    let deadline = Instant::now() + Duration::from_millis(BUSY_MILLIS.into());
    loop {
        match connection.batch_execute(&pragmas) {
            Err(error) if is_locked(&error) && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(10));
            }
            done => {
                return done
                    .map(|()| connection)
                    .map_err(|error| away(error.to_string()));
            }
        }
    }
}

/// Where somebody has the database open and a file beside it is gone, SQLite would make another
/// one: what is written by it then is overwritten by those who have the old one.
fn assert_whole(path: &Path) -> Result<()> {
    assert_no_orphan(path)?;
    let deadline = Instant::now() + Duration::from_millis(BUSY_MILLIS.into());
    loop {
        let gone = BESIDE.iter().find(|name| !beside(path, name).exists());
        let Some(gone) = gone.filter(|_| open_files::has(path)) else {
            return Ok(());
        };
        // Whoever opens it, or closes it as the last one, makes or removes them in an instant.
        if Instant::now() >= deadline {
            return Err(Error::Unavailable(format!(
                "{} is gone while a process has the database open: what is written now is lost. \
                 Stop that process, and start it again",
                beside(path, gone).display()
            )));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Beside a database that is new SQLite removes the WAL of the one that is away, and with it
/// whatever was not put into that yet.
fn assert_no_orphan(path: &Path) -> Result<()> {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let wal = beside(path, "-wal");
    // In this order: where there is something in a WAL, there was a database before.
    if size(&wal) == 0 || size(path) > 0 {
        return Ok(());
    }
    let (file, wal) = (path.display(), wal.display());
    Err(Error::Unavailable(format!(
        "{file} is not there or empty, and {wal} holds what was written last: put the database \
         back beside it; or, to begin anew, move {wal} away as well"
    )))
}

fn is_locked(error: &diesel::result::Error) -> bool {
    error.to_string().contains("is locked")
}

/// Whether this user may write to the file, or make it.
///
/// # Errors
/// Who can not write to what, and what to do about it.
pub(super) fn assert_suitable(path: &Path) -> Result<()> {
    if path.exists() {
        return open_suitable(path).map(|_| ());
    }
    assert_no_orphan(path)?;
    obstacle(path).map_or(Ok(()), |why| Err(Error::Unavailable(why)))
}

/// Opens a file that this user may write to. A write is begun and changes nothing: SQLite opens a
/// file that it may only read without a word.
///
/// # Errors
/// As [`assert_suitable`].
pub(super) fn open_suitable(path: &Path) -> Result<SqliteConnection> {
    if let Some(why) = obstacle(path) {
        return Err(Error::Unavailable(why));
    }
    let mut connection = open(path)?;
    match connection.batch_execute("BEGIN IMMEDIATE; ROLLBACK;") {
        // Somebody else writes, so it can be written to.
        Err(error) if !is_locked(&error) => {
            Err(Error::Unavailable(in_words(path, &error.to_string())))
        }
        _ => Ok(connection),
    }
}

/// Writes a page in the transaction that there is, with what stands in it.
///
/// # Errors
/// Where it can not be written.
pub(super) fn write_something(connection: &mut SqliteConnection) -> Result<()> {
    let version = diesel::select(sql::<Integer>("user_version FROM pragma_user_version"));
    let version: i32 = version.get_result(connection)?;
    Ok(connection.batch_execute(&format!("PRAGMA user_version = {version}"))?)
}

/// What SQLite says, and what to do about it.
fn in_words(path: &Path, why: &str) -> String {
    if let Some(obstacle) = obstacle(path) {
        return obstacle;
    }
    let help = if why.contains("disk I/O error") || why.contains("is full") {
        ": the disk may be full, or take no memory-mapped files: look at df"
    } else {
        ""
    };
    format!("{}: {why}{help}", path.display())
}

/// What SQLite needs for the files beside the database, in bytes.
const LEAST_FREE: u64 = 64 * 1024;

/// Why this user can not work with the file, as far as a look at files tells.
fn obstacle(path: &Path) -> Option<String> {
    let folder = folder_of(path);
    let (file, user) = (path.display(), rustix::process::geteuid().as_raw());
    let Ok(folder_is) = std::fs::metadata(folder) else {
        return Some(format!(
            "{file}: there is no folder {}: make it, and let it belong to user {user}",
            folder.display()
        ));
    };
    if path.is_dir() {
        return Some(format!(
            "{file} is a folder, where the database belongs (Docker makes one in the place of a \
             file that it shall mount and does not find): remove it, and mount the folder"
        ));
    }
    // Of a disk that is full it would say "disk I/O error".
    if is_full(folder) {
        return Some(full(path));
    }
    // SQLite makes files beside the database.
    let may = |path: &Path, access| accessat(CWD, path, access, AtFlags::EACCESS).is_ok();
    if !may(folder, Access::WRITE_OK | Access::EXEC_OK) {
        let remedy = remedy(folder, folder_is.uid(), user);
        let folder = folder.display();
        return Some(format!(
            "{file}: its folder {folder} can not be written by user {user}: {remedy}"
        ));
    }
    BESIDE
        .map(|name| beside(path, name))
        .iter()
        .find_map(|path| {
            let owner = std::fs::metadata(path).ok()?.uid();
            let path_is = path.display();
            (!may(path, Access::READ_OK | Access::WRITE_OK)).then(|| {
                let remedy = remedy(path, owner, user);
                format!("{path_is} can not be written by user {user}: {remedy}")
            })
        })
}

/// Why a folder or a file can not be written, and what helps.
fn remedy(path: &Path, owner: u32, user: u32) -> String {
    let disk = rustix::fs::statvfs(path);
    let shown = path.display();
    if disk.is_ok_and(|disk| disk.f_flag.contains(StatVfsMountFlags::RDONLY)) {
        return "its file system is mounted read only".to_owned();
    }
    let mode = if path.is_dir() { "u+rwx" } else { "600" };
    if owner == user || user == 0 {
        return format!("chmod {mode} {shown}");
    }
    format!("it belongs to user {owner}: chown {user} {shown}; chmod {mode} {shown}")
}

/// A write that is begun and changes nothing takes no room, so it does not tell.
///
/// # Errors
/// Where the disk is full.
pub(super) fn assert_room(path: &Path) -> Result<()> {
    if is_full(folder_of(path)) {
        return Err(Error::Unavailable(full(path)));
    }
    Ok(())
}

fn full(path: &Path) -> String {
    let folder = folder_of(path).display();
    format!("{}: the disk of {folder} is full", path.display())
}

fn is_full(folder: &Path) -> bool {
    // Some file systems do not say how large they are.
    rustix::fs::statvfs(folder).is_ok_and(|disk| {
        disk.f_blocks > 0 && disk.f_bavail.saturating_mul(disk.f_frsize) < LEAST_FREE
    })
}

/// What a group of writes may take, in bytes.
const ROOM_OF_A_GROUP: u64 = 256 * 1024;

/// Whether a group of writes finds room, and not only a page: beside the disk's own end there are
/// limits of file sizes and quotas of users.
///
/// # Errors
/// Which of them is in the way.
pub(super) fn assert_room_for_a_group(path: &Path) -> Result<()> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    for path in [path.to_path_buf(), beside(path, "-wal")] {
        let size = std::fs::metadata(&path).map_or(0, |file| file.len());
        if limit.is_some_and(|limit| size + ROOM_OF_A_GROUP > limit) {
            return Err(Error::Unavailable(format!(
                "{}: the limit of file sizes leaves it no room: raise it (ulimit -f, LimitFSIZE=)",
                path.display()
            )));
        }
    }
    // It has no name, so nothing of it stays. Where a file system has none such, the page that is
    // written tells what it tells.
    let flags = rustix::fs::OFlags::TMPFILE | rustix::fs::OFlags::WRONLY;
    let Ok(nameless) = rustix::fs::open(folder_of(path), flags, Mode::RUSR | Mode::WUSR) else {
        return Ok(());
    };
    let mut nameless = std::fs::File::from(nameless);
    let some = vec![0xaa; usize::try_from(ROOM_OF_A_GROUP).unwrap_or_default()];
    let written = std::io::Write::write_all(&mut nameless, &some);
    written
        .and_then(|()| nameless.sync_data())
        .map_err(|error| Error::Unavailable(in_words(path, &error.to_string())))
}

fn beside(path: &Path, name: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(name);
    text.into()
}

/// Which files are open, by what they are and not by their names: the database, and what SQLite
/// has beside it for as long as anybody has it open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Opened([(PathBuf, Option<(u64, u64)>); 3]);

const BESIDE: [&str; 3] = ["", "-wal", "-shm"];

impl Opened {
    pub fn of(path: &Path) -> Self {
        Self(BESIDE.map(|name| {
            let path = beside(path, name);
            let identity = identity(&path);
            (path, identity)
        }))
    }

    /// # Errors
    /// Which of them is another one now, or gone.
    pub fn assert_there(&self) -> Result<()> {
        for (path, opened) in &self.0 {
            if opened.is_some() && identity(path) != *opened {
                return Err(Error::Unavailable(format!(
                    "{} is not the file that was opened: it was moved away or replaced, and what \
                     is written now is lost. Restart Keyward",
                    path.display()
                )));
            }
        }
        Ok(())
    }
}

/// Which file it is, whatever its name: device and number. `None` where it is not there.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
