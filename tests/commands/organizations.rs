//! `keyward org` and `keyward role`.

use serde_json::Value;

use crate::home::{Home, Run};

fn json(run: &Run) -> Value {
    serde_json::from_str(run.done().trim()).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[test]
fn organizations_are_made_shown_changed_and_deleted() {
    let home = Home::new();
    for email in ["alice@example.com", "bob@example.com"] {
        let add = ["user", "add", "--password-stdin", email];
        home.run_with(&add, "correct horse battery").done();
    }
    let added = home.run(&["org", "add", "Acme", "--owner", "alice@example.com"]);
    let id = added.done().trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(added.out, format!("added Acme as {id}\n"));
    let listed = home.run(&["org", "list"]);
    assert_eq!(listed.done(), format!("{id}  Acme\n"));
    assert_eq!(json(&home.run(&["org", "list", "--json"]))["name"], "Acme");
    let taken = home.run(&["org", "add", "ACME", "--owner", "bob@example.com"]);
    assert!(taken.refused().contains("has that name"));
    home.run(&["org", "set-role", "acme", "bob@example.com", "admin"])
        .done();
    // What is left out is told of, where no script reads.
    home.run(&["org", "add", "Other", "--owner", "bob@example.com"])
        .done();
    let page = home.run(&["org", "list", "--limit", "1"]);
    assert_eq!(page.done().lines().count(), 1);
    assert!(page.err.contains("… and more"), "{page:?}");
    home.run(&["org", "rename", "Other", "Others"]).done();
    home.run(&["org", "set-role", "others", "alice@example.com", "viewer"])
        .done();
    home.run(&["org", "remove", "others", "alice@example.com"])
        .done();
    let last = home.run(&["org", "remove", "others", "bob@example.com"]);
    assert!(last.refused().contains("only owner"));
    home.run(&["org", "delete", "others"]).done();
    // The only owner stays.
    let last = home.run(&["org", "set-role", &id, "alice@example.com", "viewer"]);
    assert!(last.refused().contains("only owner"));
    let unknown = home.run(&["org", "set-role", &id, "bob@example.com", "king"]);
    assert!(unknown.refused().contains("no role"));
    let shown = json(&home.run(&["org", "show", "ACME", "--json"]));
    let members = shown["members"].as_array().unwrap();
    let roles: Vec<&str> = members
        .iter()
        .filter_map(|it| it["role"].as_str())
        .collect();
    assert_eq!(roles, ["owner", "admin"]);
    assert!(
        home.run(&["org", "show", "Acme"])
            .done()
            .contains("bob@example.com")
    );
    home.run(&["org", "delete", &id]).done();
    assert_eq!(home.run(&["org", "list"]).done(), "");
    let gone = home.run(&["org", "show", &id]);
    assert!(gone.refused().contains("There is no organization"));
}

#[test]
fn roles_are_listed_given_and_taken() {
    let home = Home::new();
    let add = ["user", "add", "--password-stdin", "alice@example.com"];
    home.run_with(&add, "correct horse battery").done();
    let listed = home.run(&["role", "list"]);
    assert!(
        listed.done().contains("service       administrator: admin"),
        "{listed:?}"
    );
    let as_json = home.run(&["role", "list", "--json"]);
    let as_json = as_json.done().lines().map(serde_json::from_str::<Value>);
    let as_json: Vec<Value> = as_json.map(Result::unwrap).collect();
    assert_eq!(as_json.len(), 11);
    for role in &as_json {
        // As the interface has it: of none that an organization made.
        assert_eq!(role.get("organizationId"), Some(&Value::Null), "{role}");
    }
    let roles = |home: &Home| {
        let shown = home.run(&["user", "show", "alice@example.com"]);
        shown.done().contains("roles       administrator")
    };
    home.run(&["role", "grant", "alice@example.com", "administrator"])
        .done();
    assert!(roles(&home));
    // Nobody could undo it over the interface.
    let only = home.run(&["role", "take", "alice@example.com", "administrator"]);
    assert!(
        only.refused().contains("the only administrator"),
        "{only:?}"
    );
    assert!(roles(&home));
    let other = [
        "user",
        "add",
        "--password-stdin",
        "--admin",
        "bob@example.com",
    ];
    home.run_with(&other, "correct horse battery").done();
    home.run(&["role", "take", "alice@example.com", "administrator"])
        .done();
    assert!(!roles(&home));
    let wrong = home.run(&["role", "grant", "alice@example.com", "owner"]);
    assert!(wrong.refused().contains("set-role"));
}

#[test]
fn nothing_is_cut_without_a_word() {
    let home = Home::new();
    for name in ["alice", "bob", "carol"] {
        let email = format!("{name}@example.com");
        let add = ["user", "add", "--password-stdin", &email];
        home.run_with(&add, "correct horse battery").done();
    }
    home.run(&["org", "add", "Acme", "--owner", "alice@example.com"])
        .done();
    for name in ["bob", "carol"] {
        let email = format!("{name}@example.com");
        home.run(&["org", "set-role", "acme", &email, "viewer"])
            .done();
    }
    let members = |run: &Run| {
        let lines = run.done().lines();
        lines.filter(|line| line.starts_with("member ")).count()
    };
    let page = home.run(&["org", "show", "Acme", "--limit", "2"]);
    assert_eq!(members(&page), 2);
    let after = page.err.rsplit(' ').next().unwrap().trim().to_owned();
    assert!(
        page.err.contains("… and more: --limit, or --after "),
        "{page:?}"
    );
    let rest = home.run(&["org", "show", "Acme", "--after", &after]);
    assert_eq!((members(&rest), rest.err.as_str()), (1, ""));
    let all = home.run(&["org", "show", "Acme", "--limit", "3"]);
    assert_eq!((members(&all), all.err.as_str()), (3, ""));
    let page = json(&home.run(&["org", "show", "Acme", "--limit", "1", "--json"]));
    assert_eq!(page["members"].as_array().unwrap().len(), 1);
    for list in [
        &["org", "list"][..],
        &["org", "show", "Acme"],
        &["user", "list"],
        &["api-key", "list"],
        &["audit", "list"],
    ] {
        let run = home.run(&[list, &["--limit", "0"]].concat());
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.err.contains("ask for 1 or more"), "{run:?}");
    }
}

#[test]
fn a_second_factor_is_demanded_and_not_any_more() {
    let home = Home::new();
    let add = ["user", "add", "--password-stdin", "alice@example.com"];
    home.run_with(&add, "correct horse battery").done();
    home.run(&["org", "add", "Acme", "--owner", "alice@example.com"])
        .done();
    let day = "2030-01-31";
    let instant = "2030-01-31T00:00:00.000Z";
    for who in [
        ["org", "Acme"],
        ["role", "administrator"],
        ["role", "viewer"],
    ] {
        let [noun, name] = who;
        let asked = home.run(&[noun, "demand-factor", name, "--from", day]);
        assert_eq!(
            asked.done(),
            format!("{name} asks for a second factor from {instant} on\n")
        );
    }
    assert!(home.run(&["org", "show", "Acme"]).done().contains(instant));
    let listed = home.run(&["role", "list"]);
    assert_eq!(listed.done().matches(instant).count(), 2, "{listed:?}");
    let lifted = home.run(&["role", "demand-factor", "viewer", "--never"]);
    assert_eq!(lifted.done(), "viewer asks for no second factor\n");
    let listed = home.run(&["role", "list"]);
    assert_eq!(listed.done().matches(instant).count(), 1, "{listed:?}");
    for wrong in ["yesterday", "99999999999999d", "-1d", "10000-01-01", ""] {
        let run = home.run(&["org", "demand-factor", "Acme", &format!("--from={wrong}")]);
        assert!(run.refused().contains("is no time"), "{run:?}");
    }
    let both = ["org", "demand-factor", "Acme", "--from", day, "--never"];
    assert_eq!(home.run(&both).status, Some(2));
    let unknown = home.run(&["role", "demand-factor", "king", "--never"]);
    assert!(unknown.refused().contains("no such role"), "{unknown:?}");
}
