//! `keyward audit verify` and `export`: what scripts rely on.

use serde_json::Value;

use crate::home::Home;

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
