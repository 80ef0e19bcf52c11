//! `keyward api-key`, and machines.

use serde_json::Value;

use crate::home::Home;

const SCOPE: [&str; 2] = ["--permission", "account:mail"];

fn machine() -> Home {
    let home = Home::new();
    let added = home.run(&["user", "add", "--machine", "ci-bot"]);
    assert!(added.done().starts_with("added ci-bot as "), "{added:?}");
    home.run(&["role", "grant", "ci-bot", "system"]).done();
    home
}

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines().map(serde_json::from_str);
    lines.map(Result::unwrap).collect()
}

#[test]
fn keys_are_made_listed_rotated_and_revoked() {
    let home = machine();
    let create = [
        &["api-key", "create", "ci-bot", "nightly"],
        SCOPE.as_slice(),
    ]
    .concat();
    let key = home.run(&create).done().trim().to_owned();
    assert!(key.starts_with("kwk_") && key.len() == 37, "{key}");
    let listed = home.run(&["api-key", "list", "--json"]);
    let listed = lines(listed.done());
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["name"], "nightly");
    assert_eq!(
        listed[0]["permissions"],
        serde_json::json!(["account:mail"])
    );
    assert!(listed[0].get("key").is_none());
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    let shown = home.run(&["api-key", "list", "--account", "ci-bot"]);
    let shown = shown.done();
    assert!(
        shown.contains(&id) && shown.contains("never used"),
        "{shown}"
    );
    assert!(!shown.contains(&key));
    let rotated = home.run(&["api-key", "rotate", &id, "--json"]);
    let rotated = lines(rotated.done()).remove(0);
    assert_ne!(rotated["key"].as_str().unwrap(), key);
    let third = home.run(&["api-key", "rotate", &id]);
    assert!(
        third.refused().contains("Two keys of that name"),
        "{third:?}"
    );
    home.run(&["api-key", "revoke", &id]).done();
    let again = home.run(&["api-key", "revoke", &id]);
    assert!(again.refused().contains("no such API key"), "{again:?}");
    let all = home.run(&["api-key", "revoke", "--account", "ci-bot"]);
    assert_eq!(all.done(), "keys revoked: 1\n");
    home.run(&create).done();
    let all = home.run(&["api-key", "revoke", "--all"]);
    assert_eq!(all.done(), "keys revoked: 1\n");
    assert_eq!(home.run(&["api-key", "list"]).done(), "");
}

#[test]
fn what_can_not_be_is_told() {
    let home = machine();
    for (command, why) in [
        (
            vec!["create", "ci-bot", "x", "--permission", "nonsense"],
            "--permission: \"nonsense\" is no word of the form thing:deed",
        ),
        (
            vec!["create", "ci-bot", "x", "--permission", "admin"],
            "has not the permission",
        ),
        (vec!["create", "nobody", "x"], "no account"),
        (vec!["create", "ci-bot", " "], "no name"),
        (
            vec!["create", "ci-bot", "x", "--organization", "Acme"],
            "no organization",
        ),
        (vec!["revoke", "x"], "not the id"),
    ] {
        let command = [vec!["api-key"], command].concat();
        let run = home.run(&command);
        assert!(run.refused().contains(why), "{run:?}");
    }
    let password = ["user", "set-password", "ci-bot", "--password-stdin"];
    let run = home.run_with(&password, "correct horse battery");
    assert!(run.refused().contains("no password"), "{run:?}");
    assert_eq!(home.run(&["api-key", "list"]).done(), "");
}

#[test]
fn operators_66_the_events_of_a_key_name_it_where_those_of_the_interface_do() {
    let home = machine();
    home.run(&["api-key", "create", "ci-bot", "nightly"]).done();
    let listed = home.run(&["api-key", "list", "--json"]);
    let id = lines(listed.done())[0]["id"].as_str().unwrap().to_owned();
    home.run(&["api-key", "revoke", &id]).done();
    for event in ["api_key_made", "api_key_revoked"] {
        let told = home.run(&["audit", "list", "--event", event, "--json"]);
        let told = lines(told.done());
        assert_eq!(told.len(), 1, "{event}");
        assert_eq!(told[0]["session"], id.as_str(), "{event}");
        assert_eq!(told[0]["note"], Value::Null, "{event}");
    }
}

#[test]
fn operators_68_a_list_of_keys_names_whose_they_are() {
    let home = machine();
    home.run(&["api-key", "create", "ci-bot", "nightly"]).done();
    let listed = home.run(&["api-key", "list"]);
    assert!(listed.done().contains(" (ci-bot)  nightly  "), "{listed:?}");
}
