//! The file that holds the secret beside an SQLite database: made once, readable by
//! its owner alone, refused when others can get at it (threat G3).

use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::entropy::Entropy;
use crate::support::private::{create, exposure};
use crate::support::secret::{ExposeSecret as _, SecretString};

/// # Errors
/// A line that says what is wrong with it.
pub fn read(path: &Path) -> Result<SecretString, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(why) = exposure(path, 0o077).map_err(told)? {
        return Err(why);
    }
    let text = fs::read_to_string(path).map_err(told)?;
    Ok(text.trim().to_owned().into())
}

/// Makes it with a random secret. One that is there stays as it is.
///
/// # Errors
/// A line that says what is wrong with it.
pub fn make(path: &Path) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let Some(mut file) = create(path).map_err(told)? else {
        return Ok(());
    };
    file.write_all(random().expose_secret().as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        .map_err(told)
}

pub(super) fn random() -> SecretString {
    STANDARD.encode(Entropy::system().bytes::<32>()).into()
}
