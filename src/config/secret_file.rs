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
        make_whole(path).map_err(told)?;
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
    if text.trim().is_empty() {
        return Err(format!(
            "{} is empty: put the secret back, or remove the file",
            path.display()
        ));
    }
    Ok(text.trim().to_owned().into())
}

/// Makes the file with all that is in it at once, so that another process which starts at
/// the same instant never reads half of it. One that is there stays as it is.
fn make_whole(path: &Path) -> std::io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let draft = path.with_extension(format!("secret.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let secret = STANDARD.encode(Entropy::system().bytes::<32>());
    let linked = file
        .write_all(format!("{secret}\n").as_bytes())
        .and_then(|()| file.sync_all())
        // Unlike a rename, this never replaces what another process made meanwhile.
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
