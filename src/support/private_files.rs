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

/// The same of a file that is believed: a secret, or settings. `None` too where it is
/// mounted as orchestrators mount secrets: it belongs to root, nobody but root can write to
/// it, and its group, which this process is in, may read it.
///
/// # Errors
/// Where it is not there.
#[cfg(unix)]
pub fn distrust(path: &Path, bits: u32) -> Result<Option<String>> {
    use std::os::unix::fs::MetadataExt as _;

    let metadata = std::fs::metadata(path)?;
    let user = rustix::process::geteuid();
    let group_may_read = metadata.uid() == 0 && !user.is_root() && is_in(metadata.gid());
    let bits = if group_may_read { bits & !0o040 } else { bits };
    if metadata.mode() & bits != 0 {
        let path = path.display();
        return Ok(Some(format!(
            "others can get at {path}: chmod 600 it. {MOUNTED}"
        )));
    }
    if let Some(why) = exposure(path, bits)? {
        return Ok(Some(why));
    }
    let folder = folder_of(path);
    let anybodys = std::fs::metadata(folder).is_ok_and(|folder| folder.mode() & 0o022 != 0);
    Ok(
        (user.is_root() && metadata.uid() != 0 && anybodys).then(|| {
            format!(
                "{} belongs to another user, in a folder that others can write to: chown it, and \
             chmod 700 {}",
                path.display(),
                folder.display()
            )
        }),
    )
}

/// A mounted file is often one that the process can not change.
pub const MOUNTED: &str = "Where it is mounted: defaultMode: 0440 and an fsGroup (Kubernetes), \
                           or mode: 0400 with the uid of Keyward's user (Docker)";

/// Whether this process is in that group.
#[cfg(unix)]
fn is_in(group: u32) -> bool {
    let others = rustix::process::getgroups().unwrap_or_default();
    rustix::process::getegid().as_raw() == group
        || others.iter().any(|other| other.as_raw() == group)
}

#[cfg(not(unix))]
pub fn distrust(path: &Path, bits: u32) -> Result<Option<String>> {
    exposure(path, bits)
}

/// What is wrong with a file of settings.
pub enum Doubts {
    /// Others can change it, and so decide what this process does.
    Refused(String),
    /// A line for each, none where nothing is wrong.
    Told(Vec<String>),
}

/// Who besides this process and root can change a file of settings, or read the secrets in
/// it. Root may use the one of a service's user, whose folder it lies in.
///
/// # Errors
/// Where it is not there.
#[cfg(unix)]
pub fn doubts_of_settings(path: &Path, holds_secrets: bool) -> Result<Doubts> {
    use std::os::unix::fs::MetadataExt as _;

    let file = std::fs::metadata(path)?;
    let folder = std::fs::metadata(folder_of(path))?;
    let user = rustix::process::geteuid();
    let name = path.display();
    let of_another = file.uid() != 0 && file.uid() != user.as_raw();
    let of_the_folder = file.uid() == folder.uid() && folder.mode() & 0o022 == 0;
    if of_another && !(user.is_root() && of_the_folder) {
        let why = "belongs to another user, who decides by it what Keyward does: chown it";
        return Ok(Doubts::Refused(format!("{name} {why}")));
    }
    if file.mode() & 0o002 != 0 || (holds_secrets && file.mode() & 0o020 != 0) {
        let why = format!("others can write to {name}: chmod 600 it");
        return Ok(Doubts::Refused(why));
    }
    let group_may_read = file.uid() == 0 && is_in(file.gid());
    let readers = if group_may_read { 0o004 } else { 0o044 };
    let folder_is_anybodys = folder.mode() & 0o1002 == 0o002;
    let doubts = [
        of_another.then(|| {
            let owner = file.uid();
            format!("{name} belongs to user {owner}, who decides by it what root does here")
        }),
        (file.mode() & 0o020 != 0).then(|| format!("its group can write to {name}: chmod 600 it")),
        (holds_secrets && file.mode() & readers != 0)
            .then(|| format!("others can read {name}, which holds secrets: chmod 600 it")),
        folder_is_anybodys.then(|| {
            let folder = folder_of(path).display();
            format!("others can put another {name} into {folder}: chmod 700 it")
        }),
    ];
    Ok(Doubts::Told(doubts.into_iter().flatten().collect()))
}

#[cfg(not(unix))]
pub fn doubts_of_settings(path: &Path, _holds_secrets: bool) -> Result<Doubts> {
    std::fs::metadata(path).map(|_| Doubts::Told(Vec::new()))
}
