//! The file that holds the secret beside an SQLite database: made once, readable by
//! its owner alone, refused when others can get at it (threat G3).

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use crate::support::entropy::Entropy;
use crate::support::private_files::{MOUNTED, create, distrust};
use crate::support::secret::{ExposeSecret as _, SecretString};

/// Why there is no secret in it.
pub enum Unread {
    /// Nothing stands in it.
    Empty,
    /// A line that says what is wrong.
    Other(String),
}

impl Unread {
    /// In words, where no other help is known.
    #[must_use]
    pub fn told(self, path: &Path) -> String {
        match self {
            Self::Empty => format!("{} is empty", path.display()),
            Self::Other(why) => why,
        }
    }
}

impl From<String> for Unread {
    fn from(why: String) -> Self {
        Self::Other(why)
    }
}

/// What stands in it, without the ends of lines and the byte order mark that editors add.
///
/// # Errors
/// Why there is none.
pub fn read(path: &Path) -> Result<SecretString, Unread> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    if path.is_dir() {
        return Err(is_a_folder(path).into());
    }
    if let Some(why) = distrust(path, 0o077).map_err(told)? {
        return Err(why.into());
    }
    let bytes = read_some(path).map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => format!("{}. {MOUNTED}", told(error)),
        _ => told(error),
    })?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", path.display()))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(Unread::Empty);
    }
    Ok(text.to_owned().into())
}

/// No file of settings is longer.
const LONGEST: u64 = 1024 * 1024;

/// What stands in a file. A pipe may have nobody at its other end, and a device no end at all:
/// neither is opened.
///
/// # Errors
/// Where it can not be read, is no file or is too long.
pub(in crate::config) fn read_some(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::{Error, Read as _};

    if !fs::metadata(path)?.is_file() {
        return Err(Error::other("is no regular file, and must be one"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(Error::other("is longer than 1 MiB, as no such file is"));
    }
    Ok(bytes)
}

/// Docker makes a folder where a bind mount names a file that is not there.
#[must_use]
pub fn is_a_folder(path: &Path) -> String {
    format!(
        "{} is a folder, and must be a file. Docker makes a folder where a mounted file is \
         not there: remove the folder, and make the file before you mount it",
        path.display()
    )
}

/// Makes it with a random secret, with all that is in it at once, so that another process
/// which starts at the same instant never reads half of it. One that is there stays as it
/// is.
///
/// # Errors
/// A line that says what is wrong with it.
pub fn make(path: &Path) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    // Not by the process's number, which two containers on one volume may share.
    let draft = path.with_extension(format!("secret.{}", Uuid::new_v4()));
    let Some(mut file) = create(&draft).map_err(told)? else {
        return Err(format!("{}: there is such a file", draft.display()));
    };
    let linked = file
        .write_all(random().expose_secret().as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        // Unlike a rename, this never replaces what another process made meanwhile.
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft).map_err(told)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(told(error)),
        _ => Ok(()),
    }
}

pub(in crate::config) fn random() -> SecretString {
    STANDARD.encode(Entropy::system().bytes::<32>()).into()
}
