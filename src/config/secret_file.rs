//! The file that holds the secret beside an SQLite database: made once, readable by
//! its owner alone, refused when others can read it (threat G3).

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::entropy::Entropy;
use crate::support::secret::SecretString;

/// Reads the file; makes it with a random secret where `make` is set and there is none.
///
/// # Errors
/// A line that says what is wrong with it.
pub fn read(path: &Path, make: bool) -> Result<SecretString, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    if make {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(mut file) => {
                let secret = STANDARD.encode(Entropy::system().bytes::<32>());
                file.write_all(secret.as_bytes())
                    .and_then(|()| file.write_all(b"\n"))
                    .and_then(|()| file.sync_all())
                    .map_err(told)?;
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(told(error)),
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(told)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(format!(
                "{} can be read by others: chmod 600 it",
                path.display()
            ));
        }
    }
    let text = fs::read_to_string(path).map_err(told)?;
    Ok(text.trim().to_owned().into())
}
