//! A machine that gives less than it should, and input that has no end.

use std::fs::{File, OpenOptions};
use std::process::{Command, Stdio};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

use crate::home::{Home, Run};
use crate::server::Server;

/// The binary behind a shell that sets a limit first.
fn behind(home: &Home, script: &str) -> Command {
    let asked = home.command(&[]);
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(asked.get_program());
    for (name, value) in asked.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.current_dir(&**home).stdin(Stdio::null());
    command
}

fn ran(mut command: Command) -> Run {
    Run::from(command.output().unwrap())
}

#[test]
fn operators_39_too_few_files_are_told_of_before_it_listens() {
    for files in [24, 32, 80] {
        let home = Home::new();
        let run = ran(behind(
            &home,
            &format!("ulimit -n {files}; exec timeout 30 \"$0\" serve"),
        ));
        assert_eq!(run.status, Some(1), "{files}: {run:?}");
        assert!(
            run.err.contains("the limit of open files is"),
            "{files}: {run:?}"
        );
        assert!(!run.err.contains("panicked"), "{run:?}");
        assert_eq!(run.out, "", "{files}: it said that it listens");
    }
}

#[test]
fn operators_35_a_key_whose_text_can_not_be_written_opens_nothing() {
    let home = Home::new();
    let made = home.run(&["user", "add", "bot", "--machine"]);
    assert_eq!(made.status, Some(0), "{made:?}");
    for out in ["/dev/full", "/dev/null"] {
        let full = OpenOptions::new().write(true).open(out).unwrap();
        let mut create = home.command(&["api-key", "create", "bot", "n1"]);
        let run = Run::from(create.stdout(full).stderr(Stdio::piped()).output().unwrap());
        assert_eq!(run.status, Some(1), "{out}: {run:?}");
        assert!(run.err.contains("so it was revoked"), "{out}: {run:?}");
        assert_eq!(home.run(&["api-key", "list"]).out, "", "{out}");
    }
    // Neither is its name taken.
    assert_eq!(
        home.run(&["api-key", "create", "bot", "n1"]).status,
        Some(0)
    );
}

#[test]
fn operators_37_a_password_without_an_end_is_read_no_further_than_a_bound() {
    let home = Home::new();
    let zeros = File::open("/dev/zero").unwrap();
    let mut add = home.command(&["user", "add", "a@example.com", "--password-stdin"]);
    let run = Run::from(add.stdin(zeros).output().unwrap());
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.err.contains("longer than any password"), "{run:?}");
    let longest = "\u{1f511}".repeat(1024);
    let add = ["user", "add", "a@example.com", "--password-stdin"];
    let run = home.run_with(&add, &format!("\u{feff}{longest}\r\n"));
    assert_eq!(run.status, Some(0), "{run:?}");
}

#[test]
fn operators_37_settings_and_secrets_are_in_files() {
    let home = Home::new();
    let pipe = home.join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    for not_a_file in [pipe.as_path(), "/dev/zero".as_ref()] {
        let _ = std::fs::remove_file(home.join(".env"));
        std::os::unix::fs::symlink(not_a_file, home.join(".env")).unwrap();
        let run = ran(behind(&home, "exec timeout 30 \"$0\" check"));
        assert_eq!(run.status, Some(1), "{run:?}");
        assert!(run.err.contains("is no regular file"), "{run:?}");
    }
    std::fs::remove_file(home.join(".env")).unwrap();
    std::fs::set_permissions(&pipe, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let home = home.and("KEYWARD_SECRET_FILE", pipe.to_str().unwrap());
    let run = ran(behind(&home, "exec timeout 30 \"$0\" check"));
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.err.contains("is no regular file"), "{run:?}");
}

#[test]
fn operators_40_no_key_in_use_is_a_fault() {
    let home = Home::new();
    let add = ["user", "add", "alice@example.com", "--password-stdin"];
    home.run_with(&add, "correct horse battery\n").done();
    // Before the first start there is none, and nothing is wrong.
    home.run(&["check"]).done();
    let server = Server::start(&home, &[]);
    let body = r#"{"email":"alice@example.com","password":"correct horse battery"}"#;
    assert_eq!(server.ask("POST", "/auth/login", &[], body).status, 200);
    drop(server);
    let database = home.join("keyward.db");
    let mut connection = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
    connection
        .batch_execute("DELETE FROM signing_keys")
        .unwrap();
    drop(connection);
    let run = home.run(&["check"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.out.contains("FAIL  keys: none is there"), "{run:?}");
}

#[test]
fn operators_33_the_files_beside_the_database_are_watched_too() {
    for gone in ["keyward.db-shm", "keyward.db-wal"] {
        let home = Home::new();
        let server = Server::start(&home, &[]);
        assert_eq!(server.ask("GET", "/health/ready", &[], "").status, 200);
        std::fs::remove_file(home.join(gone)).unwrap();
        // What it says of readiness may be a second old.
        let began = std::time::Instant::now();
        while server.ask("GET", "/health/ready", &[], "").status == 200 {
            assert!(
                began.elapsed() < std::time::Duration::from_secs(30),
                "{gone}"
            );
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        server.logs(&format!("{gone} is not the file that was opened"));
    }
}

#[test]
fn a_check_tries_to_listen_and_repeats_no_password() {
    let home = Home::new().and("KEYWARD_LISTEN", "203.0.113.7:8080");
    let run = home.run(&["check"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(
        run.out
            .contains("FAIL  listening: KEYWARD_LISTEN: 203.0.113.7"),
        "{run:?}"
    );
    let run = home.run(&["serve"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(!home.join("keyward.secret").exists(), "it made a secret");
    for name in ["KEYWARD_PUBLIC_URL", "KEYWARD_ALLOWED_ORIGINS"] {
        let home = Home::new().and(name, "https://user:CANARY@host");
        let run = home.run(&["check"]);
        assert_eq!(run.status, Some(1), "{name}: {run:?}");
        assert!(!format!("{run:?}").contains("CANARY"), "{name}: {run:?}");
    }
}

#[test]
fn an_event_is_named_by_its_id() {
    let run = Home::new().run(&["audit", "list", "--after", "nope"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(
        run.err.contains("\"nope\" is not the id of an event"),
        "{run:?}"
    );
}
