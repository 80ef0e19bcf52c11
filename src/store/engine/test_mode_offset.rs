//! How far the clock of test mode was moved, in a file beside its throw-away database: commands that
//! are run beside it go by the same time (docs/decisions/0142).

use std::path::PathBuf;
use std::time::Duration;

use crate::store::engine::connection::Url;
use crate::store::engine::error::{Error, Result};
use crate::store::engine::store::Store;

impl Url {
    fn clock_file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(path) => Some(path.with_extension("clock")),
            Self::Postgres(_) => None,
        }
    }

    /// How far the clock was moved; not at all where nobody moved it.
    #[must_use]
    pub fn moved_clock(&self) -> Duration {
        let file = self.clock_file();
        let text = file.and_then(|file| std::fs::read_to_string(file).ok());
        let millis = text.and_then(|text| text.trim().parse().ok());
        Duration::from_millis(millis.unwrap_or_default())
    }
}

impl Store {
    /// Notes how far the clock was moved.
    ///
    /// # Errors
    /// Where the file can not be written.
    pub fn note_moved_clock(&self, moved: Duration) -> Result<()> {
        let Some(file) = self.url().clock_file() else {
            return Ok(());
        };
        std::fs::write(&file, moved.as_millis().to_string())
            .map_err(|error| Error::Unavailable(format!("{}: {error}", file.display())))
    }
}
