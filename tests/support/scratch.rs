//! Where tests keep what they throw away: in memory where there is plenty and nothing else is
//! asked for, because most of a test's time would be waiting for the disk to sync.
#![allow(dead_code, reason = "a test binary uses the part it needs")]

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

const ENOUGH_KILOBYTES: u64 = 4_000_000;

/// The folder in which to make one's own.
pub fn parent() -> PathBuf {
    static PARENT: OnceLock<PathBuf> = OnceLock::new();
    let find = || {
        if env::var_os("TMPDIR").is_none() && free_kilobytes() > ENOUGH_KILOBYTES {
            "/dev/shm".into()
        } else {
            env::temp_dir()
        }
    };
    PARENT.get_or_init(find).clone()
}

/// In `/dev/shm`; 0 where there is none.
fn free_kilobytes() -> u64 {
    let df = Command::new("df").args(["-Pk", "/dev/shm"]).output();
    let df = String::from_utf8(df.map(|it| it.stdout).unwrap_or_default()).unwrap_or_default();
    match df.split_whitespace().rev().take(3).collect::<Vec<_>>()[..] {
        ["/dev/shm", _, free] => free.parse().unwrap_or(0),
        _ => 0,
    }
}
