//! `keyward audit verify` and `export`: what scripts rely on.

use serde_json::{Value, json};

use crate::home::Home;
use crate::server::Server;

fn with_accounts() -> Home {
    let home = Home::new();
    for name in ["alice", "bob", "carol"] {
        let email = format!("{name}@example.com");
        let arguments = ["user", "add", "--password-stdin", &email];
        home.run_with(&arguments, "battery horse staple").done();
    }
    home
}

#[test]
fn a_whole_log_is_told_with_its_head_and_exported_with_its_seals() {
    let home = with_accounts();
    let told = home.run(&["audit", "verify"]);
    assert!(told.done().contains("sealed     3 events\n"), "{told:?}");
    let head = told.out.lines().last().unwrap().split_whitespace().last();
    let head = head.unwrap().to_owned();
    assert!(head.starts_with("3."), "{head}");
    home.run(&["audit", "verify", "--head", &head]).done();

    let json = home.run(&["audit", "verify", "--json"]);
    let report: Value = serde_json::from_str(json.done()).unwrap();
    assert_eq!(report["whole"], true);
    assert_eq!(report["head"], head.as_str());

    let exported = home.run(&["audit", "export", "--since", "1h", "--json"]);
    let lines: Vec<Value> = exported
        .done()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    for (line, seq) in lines.iter().zip(1..) {
        assert_eq!(line["event"], "account_added");
        assert_eq!(line["seal"]["seq"], seq);
    }
    let hash = lines[2]["seal"]["hash"].as_str().unwrap();
    assert_eq!(head, format!("3.{hash}"));
    let plain = home.run(&["audit", "export", "--since", "2020-01-01"]);
    assert_eq!(plain.done().lines().count(), 3);
    assert!(plain.out.lines().all(|line| line.contains("  seal=")));
}

#[test]
fn a_log_that_is_not_whole_ends_with_an_error() {
    let home = with_accounts();
    home.run(&["audit", "verify"]).done();
    let other = "3.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for (head, words) in [
        (other, "the log was written anew"),
        ("9.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "cut off"),
    ] {
        let run = home.run(&["audit", "verify", "--head", head]);
        assert_eq!(run.status, Some(1), "{run:?}");
        assert!(run.err.contains(words), "{run:?}");
    }
    for no_head in ["", "3", "3.abc", "-1.AAAA"] {
        let run = home.run(&["audit", "verify", &format!("--head={no_head}")]);
        assert_eq!(run.status, Some(2), "{run:?}");
    }
    let json = home.run(&["audit", "verify", "--json", "--head", other]);
    assert_eq!(json.status, Some(1));
    let report: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(report["whole"], false);
    let since = home.run(&["audit", "export", "--since", "yesterday"]);
    assert_eq!(since.status, Some(1), "{since:?}");
}

#[test]
fn events_are_listed_by_pages_and_nothing_is_cut_without_a_word() {
    let home = with_accounts();
    let lines = |text: &str| -> Vec<Value> {
        let lines = text.lines().map(serde_json::from_str);
        lines.map(Result::unwrap).collect()
    };
    let all = home.run(&["audit", "list", "--json"]);
    assert_eq!(all.err, "");
    let all = lines(all.done());
    assert_eq!(all.len(), 3);
    let first = home.run(&["audit", "list", "--json", "--limit", "2"]);
    assert_eq!(lines(first.done()), all[..2]);
    let after = all[1]["id"].as_str().unwrap();
    // A place, which is there when the event is purged; an id that is there is taken too.
    let place = format!("{}.{after}", all[1]["at"]);
    let words = format!("… and more: --limit, or --after {place}\n");
    assert_eq!(first.err, words);
    for after in [after, &place] {
        let rest = home.run(&["audit", "list", "--json", "--after", after]);
        assert_eq!(
            (lines(rest.done()), rest.err.as_str()),
            (all[2..].to_vec(), "")
        );
    }
    let plain = home.run(&["audit", "list", "--after", after]);
    assert_eq!(plain.done().lines().count(), 1);
    let wrong = home.run(&["audit", "list", "--after", "x"]);
    assert_eq!(wrong.status, Some(1), "{wrong:?}");
    // Which role it was about.
    home.run(&["role", "grant", "alice@example.com", "administrator"])
        .done();
    let last = home.run(&["audit", "list", "--limit", "1"]);
    assert!(last.done().contains("  role=\"administrator\""), "{last:?}");
}

#[test]
fn operators_62_what_a_command_found_so_already_is_not_in_the_log() {
    let home = with_accounts();
    let alice = "alice@example.com";
    let before = home.run(&["audit", "list"]).done().lines().count();
    for (arguments, words) in [
        (
            &["role", "take", alice, "administrator"][..],
            "alice@example.com had not the role administrator\n",
        ),
        (
            &["user", "enable", alice],
            "already so: enabled alice@example.com\n",
        ),
        (
            &["user", "unlock", alice],
            "already so: may sign in without a wait: alice@example.com\n",
        ),
        (&["user", "unlock", "--all"], "suspensions lifted: 0\n"),
        (
            &["user", "revoke-sessions", alice],
            "already so: has no sessions now: alice@example.com\n",
        ),
        (
            &["role", "demand-factor", "administrator", "--never"],
            "administrator asks for no second factor\n",
        ),
    ] {
        assert_eq!(home.run(arguments).done(), words);
    }
    assert_eq!(home.run(&["audit", "list"]).done().lines().count(), before);
    for arguments in [
        ["role", "grant", alice, "administrator"].as_slice(),
        &["user", "disable", alice],
    ] {
        home.run(arguments).done();
        home.run(arguments).done();
    }
    let after = home.run(&["audit", "list"]).done().lines().count();
    assert_eq!(after, before + 2);
}

#[test]
fn operators_63_the_events_of_who_is_gone_are_listed_by_the_id() {
    let home = with_accounts();
    let shown = home.run(&["user", "show", "alice@example.com", "--json"]);
    let shown: Value = serde_json::from_str(shown.done()).unwrap();
    let alice = shown["id"].as_str().unwrap();
    home.run(&["org", "add", "Acme", "--owner", "bob@example.com"])
        .done();
    home.run(&["user", "delete", "alice@example.com"]).done();
    let listed = home.run(&["audit", "list", "--account", alice]);
    assert!(listed.done().contains("  account_deleted  "), "{listed:?}");
    let nobody = "00000000-0000-4000-8000-000000000000";
    let none = home.run(&["audit", "list", "--account", nobody]);
    assert_eq!(none.done(), "");
    home.run(&["audit", "list", "--account", "alice@example.com"])
        .refused();
    let of = home.run(&["audit", "list", "--organization", "acme"]);
    assert_eq!(of.done().lines().count(), 1, "{of:?}");
    assert!(of.out.contains("  organization_created  "), "{of:?}");
    home.run(&["audit", "list", "--organization", "Other"])
        .refused();
    let none = home.run(&["audit", "list", "--organization", nobody]);
    assert_eq!(none.done(), "");
}

#[test]
fn operators_69_times_are_taken_as_the_interface_gives_them_and_all_is_exported() {
    let home = with_accounts();
    let all = home.run(&["audit", "export", "--json"]);
    assert_eq!(all.done().lines().count(), 3);
    let listed = home.run(&["audit", "list", "--json"]);
    let youngest: Value = serde_json::from_str(listed.done().lines().next().unwrap()).unwrap();
    let at = youngest["at"].as_i64().unwrap();
    let after = (at + 1).to_string();
    for (since, many) in [("1000000000000", 3), (after.as_str(), 0)] {
        for command in ["list", "export"] {
            let found = home.run(&["audit", command, "--since", since]);
            assert_eq!(found.done().lines().count(), many, "{command} {since}");
        }
    }
    // A short number is rather a span that lacks its unit.
    let short = home.run(&["audit", "list", "--since", "7"]);
    assert!(short.refused().contains("7d"), "{short:?}");
}

#[test]
fn an_event_that_is_counted_still_waits_for_its_seal_and_it_is_said_why() {
    let home = with_accounts();
    let server = Server::start(&home, &[]);
    let (_, refresh) = server.sign_in("alice@example.com", "battery horse staple");
    let body = json!({ "refresh_token": refresh });
    for _ in 0..2 {
        assert_eq!(server.post("/auth/refresh", &body).status, 200);
    }
    let told = home.run(&["audit", "verify"]);
    let words = "waiting    1 events have no seal yet, 1 of them because they are counted until their \
                 hour is over\n";
    assert!(told.done().contains(words), "{told:?}");
    // What happened once is sealed by then: three accounts and a sign-in.
    assert!(told.out.contains("sealed     4 events\n"), "{told:?}");
    let json = home.run(&["audit", "verify", "--json"]);
    let report: Value = serde_json::from_str(json.done()).unwrap();
    assert_eq!(
        (&report["waiting"], &report["counting"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(report["whole"], true);
}
