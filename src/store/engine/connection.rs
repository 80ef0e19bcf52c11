//! One connection, to either backend, and how it is opened. The scheme of
//! `DATABASE_URL` decides; what is neither `sqlite:` nor `postgres:` is refused.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

pub use crate::store::engine::any::AnyConnection;
pub(in crate::store) use crate::store::engine::any::{compare, on_each};
use crate::store::engine::deadline::Watched;
use crate::store::engine::error::{Error, Result};
use crate::store::engine::schema::{credentials, signing_keys};
use crate::store::engine::{postgres, sqlite_file};
use crate::support::clock::Timestamp;
use crate::support::private_files::{exposure, folder_of};

/// Where the database is. Its password is not printed.
#[derive(Clone)]
pub enum Url {
    Sqlite(PathBuf),
    Postgres(String),
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.is_empty() || path.contains('?') || path.starts_with(":memory:") {
                return Err("a path to a file, such as sqlite://keyward.db".to_owned());
            }
            return followed(PathBuf::from(path))
                .map(Self::Sqlite)
                .ok_or_else(|| {
                    "a path whose links lead to a file, and not to each other".to_owned()
                });
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return match place(text) {
                Some(_) => Ok(Self::Postgres(text.to_owned())),
                None => Err(
                    "postgresql://USER:PASSWORD@HOST/DATABASE, with what is neither letter nor \
                     digit in the password encoded as %40 is for @"
                        .to_owned(),
                ),
            };
        }
        Err("sqlite://PATH or postgresql://USER@HOST/DATABASE".to_owned())
    }
}

/// As many links as Linux follows.
const LINKS: usize = 40;

/// The file that a link leads to, whether it is there or not: SQLite puts what belongs to a database
/// beside that one, and whatever is made shall be made there. `None` where links lead to each other.
fn followed(mut path: PathBuf) -> Option<PathBuf> {
    for _ in 0..LINKS {
        match std::fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => return Some(path),
        }
    }
    None
}

/// How the folders of test mode are called.
const THROW_AWAY: &str = "keyward-test-";

impl Url {
    /// For people: the backend and the place, never a password.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("SQLite {}", path.display()),
            Self::Postgres(url) => {
                let (host, database) = place(url).unwrap_or_default();
                format!("PostgreSQL {host}/{database}")
            }
        }
    }

    #[must_use]
    pub const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// A database of its own in the system's folder for temporary files: test mode.
    /// [`Url::make_folder`] makes its place.
    #[must_use]
    pub fn throw_away() -> Self {
        let folder = std::env::temp_dir().join(format!("{THROW_AWAY}{}", uuid::Uuid::new_v4()));
        Self::Sqlite(folder.join("keyward.db"))
    }

    fn throw_away_folder(&self) -> Option<&Path> {
        let Self::Sqlite(path) = self else {
            return None;
        };
        path.parent().filter(|folder| {
            let name = folder.file_name().and_then(|name| name.to_str());
            folder.parent() == Some(&std::env::temp_dir())
                && name.is_some_and(|name| name.starts_with(THROW_AWAY))
        })
    }

    /// Makes the folder of a database of [`Url::throw_away`], and no other.
    pub fn make_folder(&self) {
        if let Some(folder) = self.throw_away_folder() {
            let mut options = std::fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut options, 0o700);
            // Where it can not be made, opening the file says why.
            let _ = options.create(folder);
        }
    }

    /// Whether there is a database, as far as a look at files tells.
    #[must_use]
    pub fn exists(&self) -> bool {
        match self {
            Self::Sqlite(path) => path.exists(),
            Self::Postgres(_) => true,
        }
    }

    /// Whether it is an SQLite database with passwords or keys in it, which only its own secret
    /// opens. What can not be asked, opening tells.
    #[must_use]
    pub fn needs_its_secret(&self) -> bool {
        if !self.is_sqlite() || !self.exists() {
            return false;
        }
        let Ok(mut connection) = self.open_to_read() else {
            return false;
        };
        let passwords = credentials::table
            .count()
            .get_result::<i64>(&mut *connection);
        let keys = signing_keys::table
            .count()
            .get_result::<i64>(&mut *connection);
        [passwords, keys].iter().any(|it| matches!(it, Ok(1..)))
    }

    /// Who besides this process can get at the files of an SQLite database: a line for
    /// each, with what to do about it. In a folder that others may write to, they can put
    /// another file in the place of one that they may not read.
    #[must_use]
    pub fn exposures(&self) -> Vec<String> {
        let Self::Sqlite(path) = self else {
            return Vec::new();
        };
        [exposure(folder_of(path), 0o022), exposure(path, 0o077)]
            .into_iter()
            // What is not there is not exposed; what can not be asked, opening tells.
            .filter_map(|found| found.ok().flatten())
            .collect()
    }

    /// Removes a database of [`Url::throw_away`], and no other.
    pub fn discard(&self) {
        if let Some(folder) = self.throw_away_folder() {
            let _ = std::fs::remove_dir_all(folder);
        }
    }

    /// A connection that may write.
    pub(in crate::store) fn open(&self) -> Result<Watched> {
        match self {
            Self::Sqlite(path) => {
                let connection = sqlite_file::open(path)?;
                Ok(Watched::unwatched(AnyConnection::Sqlite(connection)))
            }
            Self::Postgres(url) => postgres::open(url),
        }
    }

    /// The same to a database that Keyward can work with ([`Url::assert_suitable`]).
    pub(in crate::store) fn open_suitable(&self) -> Result<Watched> {
        match self {
            Self::Sqlite(path) => {
                let connection = sqlite_file::open_suitable(path)?;
                Ok(Watched::unwatched(AnyConnection::Sqlite(connection)))
            }
            Self::Postgres(url) => {
                postgres::assert_suitable(url)?;
                postgres::open(url)
            }
        }
    }

    /// Whether Keyward can work with the database at all: on SQLite whether this user may write
    /// to it, on PostgreSQL what `postgres.rs` asks for. Makes and changes nothing.
    ///
    /// # Errors
    /// What is not right with it, and what to do about it.
    pub fn assert_suitable(&self) -> Result<()> {
        match self {
            Self::Sqlite(path) => sqlite_file::assert_suitable(path),
            Self::Postgres(url) => postgres::assert_suitable(url),
        }
    }

    /// Waits until there is a server: at the boot of a machine it may come later than Keyward.
    /// What no waiting mends is left to whoever opens it next.
    pub fn wait_until_there(&self, patience: Duration) {
        if self.is_sqlite() {
            return;
        }
        let until = Instant::now() + patience;
        let mut told = false;
        while let Err(error) = self.open() {
            let why = error.to_string();
            if !postgres::comes_later(&why) || Instant::now() >= until {
                return;
            }
            if !told {
                let seconds = patience.as_secs();
                log::warn!(
                    "{}: {why}: waiting for it, for {seconds} seconds",
                    self.label()
                );
                told = true;
            }
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// A connection for the reading door. On SQLite it can not write.
    pub(in crate::store) fn open_to_read(&self) -> Result<Watched> {
        let mut connection = self.open()?;
        if let AnyConnection::Sqlite(sqlite) = &mut *connection {
            sqlite
                .batch_execute("PRAGMA query_only = ON")
                .map_err(Error::from)?;
        }
        Ok(connection)
    }
}

/// Hosts and database of an address, divided as libpq divides it. `None` where a sign
/// stands as itself that must be encoded: libpq would take a part of the password for
/// something else, and tell it in its error (threat G4).
fn place(url: &str) -> Option<(&str, &str)> {
    let (_, rest) = url.split_once("://")?;
    let (credentials, rest) = match rest.find(['@', '/']) {
        Some(at) if rest[at..].starts_with('@') => (&rest[..at], &rest[at + 1..]),
        _ => ("", rest),
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = rest.split_once('/').unwrap_or((rest, ""));
    let is_host = |host: &str| match host.rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port.bytes().all(|b| b.is_ascii_digit()),
        _ => true,
    };
    let is_hex = |two: &str| two != "00" && two.bytes().all(|b| b.is_ascii_hexdigit());
    let mut encoded = url.split('%').skip(1);
    let right = !url.contains(char::is_whitespace)
        && !credentials.contains('?')
        && !rest.contains('@')
        && hosts.split(',').all(is_host)
        && encoded.all(|text| text.get(..2).is_some_and(is_hex))
        && (query.is_empty() || query.split('&').all(|pair| pair.matches('=').count() == 1));
    right.then_some((hosts, database))
}

/// Whether the server behind this connection is one that writes. Asked for when the
/// connection was made, but a switch-over may leave it on a server that became a standby,
/// which lags behind what was revoked since.
///
/// # Errors
/// Where it only reads, or is away.
pub fn assert_primary(connection: &mut AnyConnection) -> Result<()> {
    database_now(connection).map(|_| ())
}

/// The one clock that all replicas share, where there is one; an error on a standby.
pub(in crate::store) fn database_now(connection: &mut AnyConnection) -> Result<Option<Timestamp>> {
    use diesel::RunQueryDsl as _;
    use diesel::dsl::sql;
    use diesel::sql_types::{BigInt, Bool};
    match connection {
        AnyConnection::Sqlite(_) => Ok(None),
        AnyConnection::Postgres(postgres) => {
            let (now, reads_only): (i64, bool) = diesel::select((
                sql::<BigInt>("(extract(epoch from clock_timestamp()) * 1000)::bigint"),
                sql::<Bool>("current_setting('transaction_read_only') = 'on'"),
            ))
            .get_result(postgres)?;
            if reads_only {
                let why = "the server takes no writes: it is a standby, or set to read only";
                return Err(Error::Unavailable(why.to_owned()));
            }
            Ok(Some(Timestamp::from_millis(now)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn g3_a_throw_away_folder_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let url = Url::throw_away();
        let Url::Sqlite(path) = &url else { panic!() };
        assert!(!path.parent().unwrap().exists(), "only named");
        url.make_folder();
        let folder = path.parent().unwrap();
        let mode = std::fs::metadata(folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        url.discard();
        assert!(!folder.exists());
    }

    #[test]
    fn the_scheme_decides_and_the_label_holds_no_password() {
        assert!(
            "sqlite://keyward.db"
                .parse::<Url>()
                .is_ok_and(|url| url.is_sqlite())
        );
        let url: Url = "postgresql://kw:CANARY@db.example:5432/auth?sslmode=require"
            .parse()
            .unwrap();
        assert_eq!(url.label(), "PostgreSQL db.example:5432/auth");
        for text in [
            "",
            "mysql://x",
            "keyward.db",
            "sqlite://",
            "sqlite://:memory:",
        ] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }
}
