//! Who besides this process can get at a file (threat G3).

use std::path::Path;

/// Why others can, and what to do about it; `None` where they can not. `bits` are the
/// permissions that nobody else may have. A link is followed: what it leads to counts.
///
/// # Errors
/// Where it is not there.
#[cfg(unix)]
pub fn exposure(path: &Path, bits: u32) -> std::io::Result<Option<String>> {
    use std::os::unix::fs::MetadataExt as _;

    let metadata = std::fs::metadata(path)?;
    let (owner, mode) = (metadata.uid(), metadata.mode());
    let path = path.display();
    Ok(if mode & bits != 0 {
        let right = if metadata.is_dir() { 700 } else { 600 };
        Some(format!("others can get at {path}: chmod {right} it"))
    } else if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        Some(format!(
            "{path} belongs to another user, who can change it: run as that user, or chown it"
        ))
    } else {
        None
    })
}

/// Elsewhere there are no such bits.
#[cfg(not(unix))]
pub fn exposure(path: &Path, _bits: u32) -> std::io::Result<Option<String>> {
    std::fs::metadata(path).map(|_| None)
}
