//! What nobody undoes is asked for once more at a terminal, and not of a script.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use crate::home::{Home, Run};

const EMAIL: &str = "alice@example.com";

/// The same at a terminal, which `script` makes, where this is typed.
fn at_a_terminal(home: &Home, command: &str, typed: &str) -> Run {
    let binary = env!("CARGO_BIN_EXE_keyward");
    let mut inside = home.command(&[]);
    let settings: Vec<_> = inside
        .get_envs()
        .map(|(name, value)| (name.to_owned(), value.map(std::ffi::OsStr::to_owned)))
        .collect();
    let folder = inside
        .get_current_dir()
        .map(std::path::Path::to_owned)
        .unwrap();
    inside = std::process::Command::new("script");
    for (name, value) in settings {
        match value {
            Some(value) => inside.env(name, value),
            None => inside.env_remove(name),
        };
    }
    let mut child = inside
        .args(["-qec", &format!("{binary} {command}"), "/dev/null"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{typed}").unwrap();
    let run = child.wait_with_output().unwrap();
    drop(input);
    run.into()
}

#[test]
fn operators_70_what_nobody_undoes_is_asked_for_at_a_terminal() {
    let home = Home::new();
    let add = ["user", "add", EMAIL, "--password-stdin"];
    home.run_with(&add, "battery horse staple").done();
    home.run(&["org", "add", "Acme", "--owner", EMAIL]).done();
    for (command, word) in [
        ("api-key revoke --all", "all"),
        ("org delete acme", "Acme"),
        (concat!("user delete ", "alice@example.com"), EMAIL),
    ] {
        let question = format!("Type {word} to ");
        for wrong in ["", "y", "yes"] {
            let run = at_a_terminal(&home, command, wrong);
            assert_eq!(run.status, Some(1), "{run:?}");
            assert!(run.out.contains(&question), "{run:?}");
            assert!(run.out.contains("nothing was done"), "{run:?}");
        }
        if word == "Acme" {
            home.run(&["org", "show", "acme"]).done();
        }
        home.run(&["user", "show", EMAIL]).done();
        let run = at_a_terminal(&home, command, word);
        assert_eq!(run.status, Some(0), "{run:?}");
    }
    home.run(&["org", "show", "acme"]).refused();
    home.run(&["user", "show", EMAIL]).refused();
}

#[test]
fn operators_70_a_script_is_not_asked_and_nobody_by_yes() {
    let home = Home::new();
    for _ in 0..2 {
        let add = ["user", "add", EMAIL, "--password-stdin"];
        home.run_with(&add, "battery horse staple").done();
        let deleted = home.run(&["user", "delete", EMAIL]);
        assert_eq!(deleted.done(), "deleted alice@example.com\n");
        assert_eq!(deleted.err, "");
        home.run_with(&add, "battery horse staple").done();
        let run = at_a_terminal(&home, "user delete alice@example.com --yes", "");
        assert_eq!(run.status, Some(0), "{run:?}");
        assert!(!run.out.contains("Type"), "{run:?}");
    }
}

#[test]
fn operators_71_warnings_come_before_what_is_asked() {
    let home = Home::new();
    let file = home.join(".env");
    let secret = "KEYWARD_SECRET=0123456789abcdefghijklmnopqrstuvwxyz0123456789\n";
    std::fs::write(&file, secret).unwrap();
    // A secret that others can read is warned of.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let run = at_a_terminal(&home, "user add alice@example.com", "one\nanother");
    assert_eq!(run.status, Some(1), "{run:?}");
    let place = |text: &str| {
        run.out
            .find(text)
            .unwrap_or_else(|| panic!("{text} {run:?}"))
    };
    assert!(place("WARN") < place("Password: "), "{run:?}");
    assert!(!run.out[place("Password: ")..].contains("WARN"), "{run:?}");
}
