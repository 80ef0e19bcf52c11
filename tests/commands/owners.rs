//! Whose the files are (threat G3). Only root gives files away, so only root tests this.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::home::{Home, Run};
use crate::server::Server;

/// The user of a service, and somebody else.
pub const SERVICE: u32 = 65_534;
pub const ELSE: u32 = 65_533;

/// A folder that is the service's; `None` where we are not root.
pub fn home_of_service() -> Option<Home> {
    let home = Home::new();
    // Asked first: to the very user that the service has here the change is allowed.
    let root = rustix::process::geteuid().is_root();
    if !root || chown(&*home, Some(SERVICE), Some(SERVICE)).is_err() {
        eprintln!("skipped: only root gives files away");
        return None;
    }
    Some(home)
}

/// The service's user need not be able to reach where the binary was built.
pub fn run_as_service(home: &Home, arguments: &[&str]) -> Run {
    let binary = home.join("keyward");
    if !binary.exists() {
        // By a process of its own: a child of another test would hold the file open for writing.
        let copied = Command::new("cp")
            .arg(env!("CARGO_BIN_EXE_keyward"))
            .arg(&binary)
            .status();
        assert!(copied.unwrap().success());
    }
    let mut command = Command::new(binary);
    for (name, value) in home.command(arguments).get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // A group of its own: it leaves the groups of root.
    command
        .args(arguments)
        .current_dir(&**home)
        .uid(SERVICE)
        .gid(SERVICE);
    Run::from(command.output().unwrap())
}

/// The owner of a file can change it, whatever its mode is.
#[test]
fn g3_files_of_another_user_are_told_of_and_a_secret_is_refused() {
    let Some(home) = home_of_service() else {
        return;
    };
    run_as_service(&home, &["key", "list"]).done();
    chown(home.join("keyward.db"), Some(ELSE), None).unwrap();
    let check = run_as_service(&home, &["check"]);
    assert_eq!(check.status, Some(1), "{check:?}");
    let words = "FAIL  files: keyward.db belongs to another user";
    assert!(check.out.contains(words), "{check:?}");
    chown(home.join("keyward.secret"), Some(ELSE), None).unwrap();
    let run = run_as_service(&home, &["key", "list"]);
    let words = "KEYWARD_SECRET_FILE: keyward.secret belongs to another user";
    assert!(run.refused().contains(words), "{run:?}");
    // Root's own may be read where its mode allows it, which it does not.
    chown(home.join("keyward.secret"), Some(0), None).unwrap();
    let run = run_as_service(&home, &["key", "list"]);
    assert!(run.refused().contains("Permission denied"), "{run:?}");
}

/// `sudo keyward user …`: an administrator works with the files of the service, and
/// leaves none behind that it can not open.
#[test]
fn g3_what_root_makes_in_the_folder_of_a_service_belongs_to_it() {
    let Some(home) = home_of_service() else {
        return;
    };
    let add = ["user", "add", "alice@example.com", "--password-stdin"];
    // Before the first start of the service, and after it.
    home.run_with(&add, "correct horse battery\n").done();
    home.run(&["check"]).done();
    run_as_service(&home, &["user", "show", "alice@example.com"]).done();
    home.run(&["user", "disable", "alice@example.com"]).done();
    run_as_service(&home, &["user", "enable", "alice@example.com"]).done();
    // While a process of root has it open, all files of it are there.
    let server = Server::start(&home, &[]);
    let names = [
        "keyward.db",
        "keyward.db-wal",
        "keyward.db-shm",
        "keyward.secret",
    ];
    for name in names {
        let file = fs::metadata(home.join(name)).unwrap();
        let owner = (file.uid(), file.gid(), file.mode() & 0o777);
        assert_eq!(owner, (SERVICE, SERVICE, 0o600), "{name}");
    }
    run_as_service(&home, &["user", "list"]).done();
    drop(server);
}
