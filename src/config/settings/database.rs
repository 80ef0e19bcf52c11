//! Where the rows are.

use std::path::{Path, PathBuf};

use crate::config::files::secret_file;
use crate::config::reader::Reader;
use crate::config::settings::declare::section;
use crate::config::values::parse::{as_it_is, optional, whole};
use crate::store::Url;
use crate::support::private_files::folder_of;
use crate::support::secret::ExposeSecret as _;

section! {
    /// The database, and how many connections to it are kept.
    Database, "Database" {
        /// sqlite://PATH (made if absent) or postgresql://USER:PASSWORD@HOST/DATABASE.
        url: Url = DATABASE_URL, "sqlite://keyward.db", str::parse, secret;
        /// A file that holds DATABASE_URL, as Docker and Kubernetes mount secrets.
        file: Option<PathBuf> = DATABASE_URL_FILE, "", optional(as_it_is);
        /// Connections to the database, 1 to 200.
        pool: u32 = KEYWARD_DATABASE_POOL, "8", whole(1, 200);
    }
}

impl Database {
    /// In test mode: a throw-away of its own. Quick hashes and a clock that is moved by hand
    /// would ruin a database that is in use.
    pub(in crate::config) fn throw_away(mut self, reader: &mut Reader<'_>) -> Self {
        for name in ["DATABASE_URL", "DATABASE_URL_FILE"] {
            if reader.is_given(name) {
                let why = "must be unset in test mode, which has a throw-away database of its own";
                reader.fault::<()>(name, why);
            }
        }
        self.url = Url::throw_away();
        self
    }

    /// With the address that stands in the file where one is given; `None`, and a fault,
    /// where there can be no such database.
    pub(in crate::config) fn found(mut self, reader: &mut Reader<'_>) -> Option<Self> {
        if let Some(file) = &self.file {
            if reader.is_given("DATABASE_URL") {
                let why = "and DATABASE_URL_FILE are both given: give one";
                return reader.fault("DATABASE_URL", why);
            }
            let read = secret_file::read(file).map_err(|unread| unread.told(file));
            let read = read.and_then(|text| text.expose_secret().parse().map_err(must_hold));
            match read {
                Ok(url) => self.url = url,
                Err(why) => return reader.fault("DATABASE_URL_FILE", why),
            }
        }
        if let Url::Sqlite(file) = &self.url
            && let Some(why) = no_place(file)
        {
            return reader.fault("DATABASE_URL", why);
        }
        Some(self)
    }
}

fn must_hold(wanted: String) -> String {
    format!("the file must hold {wanted}")
}

/// Why SQLite can not make or open a file there, in words: its own are "unable to open
/// database file".
fn no_place(file: &Path) -> Option<String> {
    let folder = folder_of(file);
    if file.is_dir() {
        Some(secret_file::is_a_folder(file))
    } else if !folder.is_dir() {
        let folder = folder.display();
        Some(format!("there is no folder {folder}: make it first"))
    } else {
        None
    }
}
