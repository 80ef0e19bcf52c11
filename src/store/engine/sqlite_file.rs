//! How an SQLite file is opened, and whether this user can work with it.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::sql_types::Integer;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection as _, RunQueryDsl as _};
use rustix::fs::{Access, AtFlags, CWD, StatVfsMountFlags, accessat};

use crate::store::engine::error::{Error, Result};
use crate::support::private_files::{create, folder_of};

/// How long SQLite waits for another process's lock, in milliseconds.
const BUSY_MILLIS: u32 = 2500;

/// Opens the file, and makes it where it is not there.
pub(super) fn open(path: &Path) -> Result<SqliteConnection> {
    let away = |why: String| Error::Unavailable(in_words(path, &why));
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
    let of = |name: &str| {
        let mut text = path.as_os_str().to_owned();
        text.push(name);
        std::path::PathBuf::from(text)
    };
    [of(""), of("-wal"), of("-shm")].iter().find_map(|path| {
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

/// Which file it is, whatever its name: device and number. `None` where it is not there.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
