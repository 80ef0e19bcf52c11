//! `keyward user`: accounts by the command line, and passwords that never stand in an
//! argument, an output or a log.

use crate::home::{Home, Run};

const PASSWORD: &str = "CANARY horse battery";

fn add(home: &Home, arguments: &[&str], input: &str) -> Run {
    let all = [&["user", "add", "--password-stdin"], arguments].concat();
    home.run_with(&all, input)
}

#[test]
fn accounts_are_added_listed_and_shown() {
    let home = Home::new();
    let added = add(&home, &["alice@example.com"], &format!("{PASSWORD}\n"));
    let id = added.done().trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(added.out, format!("added alice@example.com as {id}\n"));
    assert_eq!(id.len(), 36, "a UUID");
    let arguments = ["bob@example.com", "--username", "Bob", "--admin"];
    // Without a newline at the end too, and with the one of another system.
    add(&home, &arguments, PASSWORD).done();
    add(&home, &["carol@example.com"], &format!("{PASSWORD}\r\n")).done();

    let listed = home.run(&["user", "list"]);
    let lines: Vec<&str> = listed.done().lines().collect();
    assert_eq!(lines[0], format!("{id}  enabled   alice@example.com"));
    assert_eq!(lines.len(), 3);
    assert_eq!(
        home.run(&["user", "list", "--limit", "2"])
            .done()
            .lines()
            .count(),
        2
    );

    for who in ["bob", "BOB@Example.com"] {
        let shown = home.run(&["user", "show", who]);
        for part in [
            "email       bob@example.com",
            "username    Bob",
            "roles       administrator",
            "enabled     true",
            "last login  -",
        ] {
            assert!(shown.done().contains(part), "{shown:?}");
        }
    }
    let shown = home.run(&["user", "show", &id]);
    assert!(shown.done().contains("alice@example.com") && shown.out.contains("roles       -"));
    for run in [added, listed, shown] {
        assert!(
            !run.out.contains("CANARY") && !run.err.contains("CANARY"),
            "{run:?}"
        );
    }
}

#[test]
fn accounts_are_changed_one_by_one() {
    let home = Home::new();
    add(&home, &["alice@example.com"], PASSWORD).done();
    let state = || home.run(&["user", "list"]).done().to_owned();
    assert!(state().contains("enabled   alice"));
    for (arguments, said) in [
        (&["disable"][..], "disabled alice@example.com\n"),
        (&["disable"], "already so: disabled alice@example.com\n"),
        (&["enable"], "enabled alice@example.com\n"),
        (
            &["revoke-sessions"],
            "already so: has no sessions now: alice@example.com\n",
        ),
    ] {
        let run = home.run(&[&["user"], arguments, &["alice@example.com"]].concat());
        assert_eq!(run.done(), said);
        let disabled = arguments == ["disable"];
        assert_eq!(
            state().contains("disabled  alice"),
            disabled,
            "{arguments:?}"
        );
    }
    let set = [
        "user",
        "set-password",
        "--password-stdin",
        "alice@example.com",
    ];
    let run = home.run_with(&set, "another CANARY\n");
    assert!(run.done().contains("has a new password"), "{run:?}");
    assert!(
        !run.out.contains("CANARY") && !run.err.contains("CANARY"),
        "{run:?}"
    );
}

#[test]
fn j23_an_operator_deletes_an_account() {
    let home = Home::new();
    let added = add(&home, &["root@example.com", "--admin"], PASSWORD);
    let root = added.done().trim().rsplit(' ').next().unwrap().to_owned();
    add(&home, &["alice@example.com"], PASSWORD).done();
    let run = home.run(&["user", "delete", "alice@example.com"]);
    assert_eq!(run.done(), "deleted alice@example.com\n");
    let listed = home.run(&["user", "list"]);
    assert!(!listed.done().contains("alice"), "{listed:?}");
    // What happened is still told, and who did it.
    let told = home.run(&["audit", "list"]);
    assert!(told.done().contains("account_deleted"), "{told:?}");
    // Gone is gone, and nobody deletes the last one who could administer.
    for (who, why) in [
        ("alice@example.com", "There is no account"),
        ("root@example.com", "the only administrator"),
        (root.as_str(), "the only administrator"),
    ] {
        let run = home.run(&["user", "delete", who]);
        assert_eq!(run.status, Some(1), "{run:?}");
        assert!(run.out.is_empty() && run.err.contains(why), "{run:?}");
    }
    assert!(home.run(&["user", "list"]).done().contains("root@"));
    // The address is free again.
    add(&home, &["alice@example.com"], PASSWORD).done();
}

/// Row S16: after a backup was restored, with nothing running.
#[test]
fn s16_all_sessions_end_by_one_command() {
    let home = Home::new();
    for email in ["alice@example.com", "bob@example.com"] {
        add(&home, &[email], PASSWORD).done();
    }
    let keys = || home.run(&["key", "list"]).done().to_owned();
    let before = keys();
    let run = home.run(&["user", "revoke-sessions", "--all"]);
    assert_eq!(
        run.done(),
        "no account of 2 has sessions now, and no token is good\n"
    );
    assert_ne!(keys(), before);
    assert_eq!(keys().lines().count(), 1);
    // One or all, and never by leaving a word out.
    for arguments in [&["--all", "alice@example.com"][..], &[]] {
        let run = home.run(&[&["user", "revoke-sessions"], arguments].concat());
        assert_eq!(run.status, Some(2), "{run:?}");
    }
}

#[test]
fn what_can_not_be_is_refused_and_changes_nothing() {
    let home = Home::new();
    add(
        &home,
        &["alice@example.com", "--username", "alice"],
        PASSWORD,
    )
    .done();
    let before = home.run(&["user", "list"]).out;
    let long = "x".repeat(1025);
    for (arguments, input, why) in [
        (
            &["ALICE@example.com"][..],
            PASSWORD,
            "belongs to another account",
        ),
        (
            &["x@example.com", "--username", "Alice"],
            PASSWORD,
            "belongs to another account",
        ),
        (&["nobody"], PASSWORD, "is not an e-mail address"),
        // The first a of each is Cyrillic, or is followed by what nobody sees (I11).
        (&["\u{430}lice@example.com"], PASSWORD, "several scripts"),
        (
            &["x@example.com", "--username", "\u{430}lice"],
            PASSWORD,
            "several scripts",
        ),
        (
            &["a\u{200b}lice@example.com"],
            PASSWORD,
            "is not an e-mail address",
        ),
        (
            &["x@example.com", "--username", "a\u{200d}lice"],
            PASSWORD,
            "is no username",
        ),
        (
            &["x@example.com", "--username", "a b"],
            PASSWORD,
            "is no username",
        ),
        (&["x@example.com"], "", "1 to 1024 characters"),
        (&["x@example.com"], "\n", "1 to 1024 characters"),
        (&["x@example.com"], "CANARY\0", "1 to 1024 characters"),
        (&["x@example.com"], &long, "1 to 1024 characters"),
    ] {
        let run = add(&home, arguments, input);
        assert!(run.refused().contains(why), "{why}: {run:?}");
        assert!(
            !run.err.contains("CANARY") && !run.err.contains(&long),
            "{run:?}"
        );
    }
    for command in ["show", "disable", "enable", "revoke-sessions"] {
        for nobody in [
            "nobody@example.com",
            "nobody",
            "00000000-0000-0000-0000-000000000000",
        ] {
            let run = home.run(&["user", command, nobody]);
            assert!(run.refused().contains("There is no account"), "{run:?}");
        }
    }
    assert_eq!(home.run(&["user", "list"]).out, before);
}

/// Row D-26: who makes an account vouches for it, so a short password is only warned of.
#[test]
fn d26_a_short_password_is_warned_of() {
    let run = add(&Home::new(), &["admin@example.com"], "Z1Tu5");
    run.done();
    assert!(run.err.contains("the password is short"), "{run:?}");
    assert!(!run.err.contains("Z1Tu5"), "{run:?}");
}

/// Field log of clients, 5 and 6: names of every script, shown as they are, and found with
/// the space that a keyboard or a shell put behind them.
#[test]
fn clients_05_06_names_are_taken_and_shown_as_they_are() {
    let home = Home::new();
    let email = "ผู้ใช้@ตัวอย่าง.ไทย";
    let run = add(&home, &[&format!("{email} ")], PASSWORD);
    assert!(run.done().contains(&format!("added {email} as")), "{run:?}");
    let shown = home.run(&["user", "show", &format!(" {email}\t")]);
    assert!(shown.done().contains(email), "{shown:?}");
    let run = add(&home, &["संपर्क.भारत"], PASSWORD);
    let why = "\"संपर्क.भारत\" is not an e-mail address";
    assert!(run.refused().contains(why), "{run:?}");
    // What would move the cursor is written as its number.
    let run = add(&home, &["a\u{202e}b\u{1b}[2J"], PASSWORD);
    assert!(run.refused().contains("a\\u{202e}b\\u{1b}[2J"), "{run:?}");
}

/// `attack_l8`: an operator may set it (D-26), and hears what it is.
#[test]
fn attack_l8_a_pattern_is_warned_of() {
    let pattern = "a".repeat(25);
    for password in [pattern.as_str(), "alice@example.com", "password1234567"] {
        let run = add(&Home::new(), &["alice@example.com"], password);
        run.done();
        assert!(run.err.contains("a guesser would try"), "{run:?}");
    }
    let run = add(&Home::new(), &["alice@example.com"], PASSWORD);
    run.done();
    assert!(!run.err.contains("guesser"), "{run:?}");
}

/// The shell's history and the list of processes would show it.
#[test]
fn g5_a_password_is_never_an_argument() {
    let home = Home::new();
    for arguments in [
        &["user", "add", "alice@example.com", PASSWORD][..],
        &["user", "add", "alice@example.com", "--password", PASSWORD],
        &["user", "add", "alice@example.com", "--password-stdin=x"],
        &["user", "set-password", "alice@example.com", PASSWORD],
        &[
            "user",
            "set-password",
            "alice@example.com",
            "--password",
            PASSWORD,
        ],
    ] {
        let run = home.run_with(arguments, PASSWORD);
        assert_eq!(run.status, Some(2), "{run:?}");
    }
    // Nor is one read that nobody meant to give: a script says so, or is told.
    let run = home.run_with(&["user", "add", "alice@example.com"], PASSWORD);
    assert!(run.refused().contains("--password-stdin"), "{run:?}");
    assert!(
        home.read_dir().unwrap().next().is_none(),
        "nothing was begun"
    );
}

#[test]
fn operators_19_a_list_that_is_cut_says_so_and_goes_on_after_the_last() {
    let home = Home::new();
    for number in 0..5 {
        let email = format!("user{number}@example.com");
        home.run_with(
            &["user", "add", &email, "--password-stdin"],
            "correct horse battery",
        )
        .done();
    }
    let first = home.run(&["user", "list", "--limit", "3"]);
    assert_eq!(first.done().lines().count(), 3);
    assert!(first.err.contains("… and 2 more: --limit"), "{first:?}");
    let last = first.out.lines().last().unwrap();
    let last = last.split_whitespace().next().unwrap();
    let rest = home.run(&["user", "list", "--after", last]);
    assert_eq!(rest.done().lines().count(), 2);
    assert_eq!(rest.err, "", "nothing is left");
    let all = home.run(&["user", "list"]);
    assert_eq!(all.out, format!("{}{}", first.out, rest.out), "each once");
    let none = home.run(&["user", "list", "--after", "nobody@example.com"]);
    assert!(none.refused().contains("nobody@example.com"));
}

/// Every act of an operator's says in the audit log who it was.
#[test]
fn attack_m3_operators_unlock_and_read_the_audit_log() {
    let home = Home::new();
    add(&home, &["alice@example.com"], PASSWORD).done();
    add(&home, &["bob@example.com"], PASSWORD).done();
    let unlocked = home.run(&["user", "unlock", "alice@example.com"]);
    assert_eq!(
        unlocked.done(),
        "already so: may sign in without a wait: alice@example.com\n"
    );
    let all = home.run(&["user", "unlock", "--all"]);
    assert_eq!(all.done(), "suspensions lifted: 0\n");
    home.run(&["user", "disable", "alice@example.com"]).done();
    let listed = home.run(&["audit", "list"]);
    let lines: Vec<&str> = listed.done().lines().collect();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    for line in &lines {
        assert!(line.contains("operator uid="), "{line}");
    }
    let of = |arguments: &[&str]| {
        let all = [&["audit", "list"], arguments].concat();
        home.run(&all).done().lines().count()
    };
    assert_eq!(of(&["--account", "alice@example.com"]), 2);
    // There was nothing to forgive.
    assert_eq!(of(&["--event", "account_unlocked"]), 0);
    let both = [
        "--account",
        "alice@example.com",
        "--event",
        "account_disabled",
    ];
    assert_eq!(of(&both), 1);
    assert_eq!(of(&["--limit", "2"]), 2);
    assert_eq!(of(&["--since", "1h"]), 3);
    assert_eq!(of(&["--since", "2999-01-01"]), 0);
    for wrong in [["--event", "nonsense"], ["--since", "yesterday"]] {
        let run = home.run(&[&["audit", "list"], &wrong[..]].concat());
        assert!(run.err.contains(wrong[1]), "{run:?}");
    }
}

#[test]
fn all_accounts_are_offered_where_none_was_named() {
    let home = Home::new();
    for command in ["unlock", "revoke-sessions"] {
        let run = home.run(&["user", command]);
        assert_eq!(run.status, Some(2), "{run:?}");
        assert!(run.err.contains("<ACCOUNT|--all>"), "{run:?}");
        let both = home.run(&["user", command, "--all", "alice@example.com"]);
        assert_eq!(both.status, Some(2), "{both:?}");
    }
    assert!(!home.join("keyward.db").exists(), "nothing was begun");
}
