//! What the binary says of itself.

use keyward::http::routes::TABLE;

use crate::home::Home;

#[test]
fn every_command_tells_what_it_does() {
    let home = Home::new();
    for (arguments, words) in [
        (
            &["--help"][..],
            &["serve", "migrate", "user", "key", "routes", "check"][..],
        ),
        (
            &["serve", "--help"],
            &[
                "--test-mode",
                "/test/clock",
                "DATABASE_URL must be unset",
                "KEYWARD_LISTEN",
            ],
        ),
        (&["migrate", "--help"], &["up", "down", "status"]),
        (&["migrate", "down", "--help"], &["lost", "--yes"]),
        (
            &["user", "--help"],
            &[
                "add",
                "list",
                "show",
                "disable",
                "enable",
                "set-password",
                "revoke-sessions",
            ],
        ),
        (
            &["user", "add", "--help"],
            &["--username", "--admin", "--password-stdin", "prompt"],
        ),
        (&["user", "list", "--help"], &["--limit", "100"]),
        (
            &["user", "show", "--help"],
            &["E-mail address, username or id"],
        ),
        (&["user", "disable", "--help"], &["end every session"]),
        (&["user", "enable", "--help"], &["sign in again"]),
        (
            &["user", "set-password", "--help"],
            &["--password-stdin", "end every session"],
        ),
        (
            &["user", "revoke-sessions", "--help"],
            &["End every session"],
        ),
        (&["key", "--help"], &["list", "rotate"]),
        (&["key", "rotate", "--help"], &["ten minutes"]),
        (&["routes", "--help"], &["route"]),
        (&["check", "--help"], &["in order"]),
    ] {
        let run = home.run(arguments);
        for word in words {
            assert!(
                run.done().contains(word),
                "{arguments:?}: {word}\n{}",
                run.out
            );
        }
    }
    let version = home.run(&["--version"]);
    assert_eq!(
        version.done().trim(),
        format!("keyward {}", env!("CARGO_PKG_VERSION"))
    );
    assert!(
        home.read_dir().unwrap().next().is_none(),
        "help leaves nothing"
    );
}

#[test]
fn what_is_no_command_is_a_usage_error() {
    let home = Home::new();
    for arguments in [
        &["sevre"][..],
        &["migrate"],
        &["migrate", "sideways"],
        &["serve", "-x"],
    ] {
        let run = home.run(arguments);
        assert_eq!(run.status, Some(2), "{run:?}");
        assert!(run.out.is_empty() && run.err.contains("Usage"), "{run:?}");
    }
}

#[test]
fn routes_prints_the_table_as_it_is_mounted() {
    let run = Home::new().run(&["routes"]);
    let printed: Vec<Vec<&str>> = run
        .done()
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let mut expected: Vec<Vec<&str>> = Vec::new();
    for group in TABLE {
        expected.push(group.name.split_whitespace().collect());
        for row in group.rows {
            let mut line = vec![row.method, row.path, row.guard.as_str()];
            line.extend(row.fresh.then_some("step-up"));
            line.extend(row.enrolling.then_some("mfa-enrolment"));
            expected.push(line);
        }
    }
    assert_eq!(printed, expected);
}
