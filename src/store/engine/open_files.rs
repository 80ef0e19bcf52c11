//! Whether a process has an SQLite database open, by the locks that the system lists.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};

/// The first byte of the lock that SQLite holds on a database for as long as it has its WAL open.
const SHARED_LOCK: &str = "1073741826";

/// As far as the system tells: locks of other name spaces of processes it does not. The file
/// itself is not touched, which would undo locks of our own.
pub(super) fn has(path: &Path) -> bool {
    let Ok(file) = std::fs::metadata(path) else {
        return false;
    };
    let read = |list| std::fs::read_to_string(list).unwrap_or_default();
    let mounted = mount_of(path).and_then(|id| device_of(id, &read("/proc/self/mountinfo")));
    let devices = [Some(file.dev()), mounted];
    let locks = read("/proc/locks");
    let mut held = locks.lines().filter_map(locked);
    held.any(|(device, inode)| inode == file.ino() && devices.contains(&Some(device)))
}

/// Device and number of the file that a line of `/proc/locks` says is open with its WAL.
fn locked(line: &str) -> Option<(u64, u64)> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let [_, "POSIX", _, "READ", _, file, SHARED_LOCK, ..] = fields[..] else {
        return None;
    };
    let mut parts = file.split(':');
    let hexadecimal = |text: &str| u32::from_str_radix(text, 16).ok();
    let device = makedev(hexadecimal(parts.next()?)?, hexadecimal(parts.next()?)?);
    Some((device, parts.next()?.parse().ok()?))
}

/// The number of the mount that the file is in; `None` where the kernel is too old to tell.
fn mount_of(path: &Path) -> Option<u64> {
    let found = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
    let told = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::MNT_ID);
    told.then_some(found.stx_mnt_id)
}

/// The device of a whole mount, by which locks are listed. Btrfs and overlays tell another one of
/// each file.
fn device_of(mount: u64, mounts: &str) -> Option<u64> {
    let mut lines = mounts.lines().map(|line| line.split(' '));
    lines.find_map(|mut fields| {
        let id: u64 = fields.next()?.parse().ok()?;
        let (major, minor) = fields.nth(1)?.split_once(':')?;
        (id == mount).then_some(makedev(major.parse().ok()?, minor.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKS: &str = "1: POSIX  ADVISORY  READ 4242 fe:0a:4711 1073741826 1073742335
2: POSIX  ADVISORY  WRITE 4242 fe:0a:4712 1073741826 1073742335
3: FLOCK  ADVISORY  READ 4242 fe:0a:4713 1073741826 EOF
4: POSIX  ADVISORY  READ 4242 fe:0a:4714 120 120
5: -> POSIX  ADVISORY  READ 4242 fe:0a:4715 1073741826 1073742335";

    #[test]
    fn operators_43_a_file_of_the_same_number_on_another_disk_is_another() {
        let held: Vec<_> = LOCKS.lines().filter_map(locked).collect();
        assert_eq!(held, [(makedev(0xfe, 0x0a), 4711)]);
    }

    #[test]
    fn operators_43_the_device_of_a_mount_is_what_locks_are_listed_by() {
        let mounts = "22 28 0:21 / /sys rw,nosuid - sysfs sysfs rw
28 1 254:10 / / rw,relatime - ext4 /dev/vda rw
31 28 0:33 /data /srv/key\\040ward rw - btrfs /dev/vdb rw";
        assert_eq!(device_of(28, mounts), Some(makedev(254, 10)));
        assert_eq!(device_of(31, mounts), Some(makedev(0, 33)));
        assert_eq!(device_of(32, mounts), None);
    }

    #[test]
    fn the_mount_of_a_file_is_found() {
        let here = std::env::current_dir().unwrap();
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
        let device = mount_of(&here).and_then(|id| device_of(id, &mounts));
        assert!(device.is_some(), "{mounts}");
    }
}
