//! What every command says to a script: one line of JSON, and nothing else.

use serde_json::{Value, json};

use crate::home::Home;

/// Runs it with `--json`.
#[track_caller]
fn said(home: &Home, command: &[&str]) -> Value {
    let asked: Vec<&str> = command.iter().copied().chain(["--json"]).collect();
    let run = home.run_with(&asked, "correct horse battery");
    let text = run.done();
    assert_eq!(text.lines().count(), 1, "{command:?} {text}");
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{command:?} {error}: {text}"))
}

#[test]
fn each_deed_is_told_to_a_script() {
    let home = Home::new();
    let add = |more: &[&str]| {
        let command = [&["user", "add", "--password-stdin"], more].concat();
        said(&home, &command)["id"].clone()
    };
    let alice = add(&["alice@example.com", "--admin"]);
    let bob = add(&["bob@example.com"]);
    let robot = said(&home, &["user", "add", "--machine", "robot"])["id"].clone();
    let id = |value: &Value| value.as_str().unwrap().to_owned();
    let (a, b, r) = (id(&alice), id(&bob), id(&robot));
    let made = said(&home, &["org", "add", "Acme", "--owner", &a]);
    assert_eq!(made["name"], "Acme");
    let acme = id(&made["id"]);
    for (command, told) in [
        (
            &["org", "set-role", &acme, &b, "viewer"][..],
            json!({ "organization": acme, "account": b, "role": "viewer" }),
        ),
        (
            &["org", "remove", &acme, &b],
            json!({ "organization": acme, "account": b, "role": null }),
        ),
        (
            &["role", "grant", &b, "administrator"],
            json!({ "account": b, "role": "administrator", "held": true }),
        ),
        (
            &["role", "take", &b, "administrator"],
            json!({ "account": b, "role": "administrator", "held": false }),
        ),
        (
            &["api-key", "revoke", "--account", &r],
            json!({ "revoked": 0 }),
        ),
        (&["api-key", "revoke", "--all"], json!({ "revoked": 0 })),
        (
            &["user", "disable", &b],
            json!({ "account": b, "done": "disable" }),
        ),
        (
            &["user", "enable", &b],
            json!({ "account": b, "done": "enable" }),
        ),
        (
            &["user", "unlock", &b],
            json!({ "account": b, "done": "unlock" }),
        ),
        (
            &["user", "unlock", "--all"],
            json!({ "done": "unlock", "lifted": 0 }),
        ),
        (
            &["user", "set-password", "--password-stdin", &b],
            json!({ "account": b, "done": "set-password" }),
        ),
        (
            &["user", "revoke-sessions", &b],
            json!({ "account": b, "done": "revoke-sessions" }),
        ),
        (
            &["user", "revoke-sessions", "--all"],
            json!({ "accounts": 3, "done": "revoke-sessions" }),
        ),
        (
            &["user", "delete", &b],
            json!({ "account": b, "done": "delete" }),
        ),
    ] {
        assert_eq!(said(&home, command), told, "{command:?}");
    }
    let renamed = said(&home, &["org", "rename", &acme, "Acme Oy"]);
    assert_eq!(renamed["name"], "Acme Oy");
    for command in [
        &["org", "demand-factor", &acme, "--never"][..],
        &["role", "demand-factor", "owner", "--never"],
    ] {
        assert_eq!(said(&home, command)["mfaRequiredFrom"], Value::Null);
    }
    let made = said(&home, &["api-key", "create", &r, "ci"]);
    let key = id(&made["id"]);
    let revoked = said(&home, &["api-key", "revoke", &key]);
    assert_eq!(revoked, json!({ "id": key, "revoked": 1 }));
    let shown = said(&home, &["user", "show", &a]);
    assert_eq!((&shown["id"], &shown["sessions"]), (&alice, &json!([])));
    let lines = home.run(&["user", "list", "--json"]).done().to_owned();
    let ids: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
        .collect();
    assert_eq!(ids, [alice, robot]);
    let gone = said(&home, &["org", "delete", &acme]);
    assert_eq!(gone, json!({ "id": acme, "deleted": true }));
}
