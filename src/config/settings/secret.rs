//! The secret from which every key is derived: given, in a file, or made beside an SQLite
//! database.

use std::path::{Path, PathBuf};

use crate::config::files::secret_file::{self, Unread};
use crate::config::reader::Reader;
use crate::config::settings::declare::section;
use crate::config::values::parse::{as_it_is, optional};
use crate::crypto::master_key::MasterKey;
use crate::store::Url;
use crate::support::secret::{ExposeSecret as _, SecretString};

section! {
    /// Where the secret comes from. What it is stands in `Config::master_key`.
    Secret, "The secret" {
        /// At least 32 random bytes as text, from which every key is derived (openssl rand
        /// -base64 32). The same for all replicas; whoever loses it loses all sessions and
        /// passwords.
        text: Option<SecretString> = KEYWARD_SECRET, "", optional(as_it_is), secret;
        /// A file that holds the secret. Default with SQLite: keyward.secret beside the
        /// database, made at the first start. With PostgreSQL one of the two must be given.
        file: Option<PathBuf> = KEYWARD_SECRET_FILE, "", optional(as_it_is);
    }
}

const TOO_WEAK: &str = "must be at least 32 random characters (openssl rand -base64 32)";

impl Secret {
    /// The key. Where it is to be made beside the database: one that opens nothing, and the
    /// path.
    pub(in crate::config) fn key(
        &self,
        reader: &mut Reader<'_>,
        database: &Url,
    ) -> Option<(MasterKey, Option<PathBuf>)> {
        let beside = match database {
            Url::Sqlite(path) => Some(path.with_file_name("keyward.secret")),
            Url::Postgres(_) => None,
        };
        let secret = match (&self.text, self.file.as_ref().or(beside.as_ref())) {
            (Some(_), _) if self.file.is_some() => {
                let why = "and KEYWARD_SECRET_FILE are both given: give one";
                return reader.fault("KEYWARD_SECRET", why);
            }
            (Some(secret), _) => secret.clone(),
            (None, Some(path)) if self.file.is_none() && !path.exists() => {
                let nothing = MasterKey::new(secret_file::random().expose_secret().as_bytes());
                return nothing.map(|key| (key, Some(path.clone())));
            }
            (None, Some(path)) => match secret_file::read(path) {
                Ok(secret) => secret,
                Err(Unread::Empty) => {
                    let why = empty(path, self.file.is_none(), database);
                    return reader.fault("KEYWARD_SECRET_FILE", why);
                }
                Err(Unread::Other(why)) => return reader.fault("KEYWARD_SECRET_FILE", why),
            },
            (None, None) => {
                let why = "must be given with PostgreSQL, the same for every replica \
                           (openssl rand -base64 32)";
                return reader.fault("KEYWARD_SECRET", why);
            }
        };
        match MasterKey::new(secret.expose_secret().as_bytes()) {
            Some(key) => Some((key, None)),
            None => reader.fault("KEYWARD_SECRET", TOO_WEAK),
        }
    }
}

/// Why none is made beside a database that had one.
#[must_use]
pub fn lost(path: &Path) -> String {
    format!(
        "{} is not there, and the database beside it was made with it: put it back (a backup of \
         the database is worth nothing without it). No other one opens its passwords and keys",
        path.display()
    )
}

/// What helps where nothing stands in the file: by what the database was made with, and whether a
/// start makes another file.
fn empty(path: &Path, is_made: bool, database: &Url) -> String {
    let path = path.display();
    if database.needs_its_secret() {
        return format!(
            "{path} is empty, and the database was made with what stood in it: put that back (a \
             backup of the database is worth nothing without it). No other one opens its passwords \
             and keys"
        );
    }
    let help = if is_made {
        "remove it, and a start makes another one"
    } else {
        "write the secret into it (openssl rand -base64 32)"
    };
    format!("{path} is empty: {help}")
}

/// Makes the file, unless another process just did.
pub(in crate::config) fn make(path: &Path) -> Result<MasterKey, String> {
    secret_file::make(path)?;
    let secret = secret_file::read(path).map_err(|unread| unread.told(path))?;
    MasterKey::new(secret.expose_secret().as_bytes()).ok_or_else(|| TOO_WEAK.to_owned())
}
