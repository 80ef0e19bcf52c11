//! Files that nobody else may get at: making them, and who besides this process can get
//! at those that are there (threat G3).

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Result};
use std::path::Path;

/// Makes an empty file for its owner alone; `None` where there is one already. Root makes
/// it for the owner of its folder: the service runs as that user and must open it.
///
/// # Errors
/// Where it can not be made.
pub fn create(path: &Path) -> Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(file) => {
            #[cfg(unix)]
            give_to_owner_of_folder(&file, path)?;
            Ok(Some(file))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn give_to_owner_of_folder(file: &File, path: &Path) -> Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let folder = std::fs::metadata(folder_of(path))?;
    if folder.uid() != 0 {
        // A root that may not do that, as in a container, is who the service runs as.
        let _ = fchown(file, Some(folder.uid()), Some(folder.gid()));
    }
    Ok(())
}

#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Why others can, and what to do about it; `None` where they can not. `bits` are the
/// permissions that nobody else may have. A link is followed: what it leads to counts. To
/// root every owner is right: whoever administers a service has files of its user.
///
/// # Errors
/// Where it is not there.
#[cfg(unix)]
pub fn exposure(path: &Path, bits: u32) -> Result<Option<String>> {
    use std::os::unix::fs::MetadataExt as _;

    let metadata = std::fs::metadata(path)?;
    let (owner, mode) = (metadata.uid(), metadata.mode());
    let user = rustix::process::geteuid();
    let path = path.display();
    Ok(if mode & bits != 0 {
        let right = if metadata.is_dir() { 700 } else { 600 };
        Some(format!("others can get at {path}: chmod {right} it"))
    } else if owner != 0 && owner != user.as_raw() && !user.is_root() {
        Some(format!(
            "{path} belongs to another user, who can change it: run as that user, or chown it"
        ))
    } else {
        None
    })
}

/// Elsewhere there are no such bits.
#[cfg(not(unix))]
pub fn exposure(path: &Path, _bits: u32) -> Result<Option<String>> {
    std::fs::metadata(path).map(|_| None)
}
