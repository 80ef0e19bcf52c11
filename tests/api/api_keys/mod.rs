//! API keys and machines' accounts: who makes them, what they open, how they end.

mod administered;
mod demands;
mod ends;
mod limits;
mod machines;
mod make;
mod memory;
mod organizations;
mod pages;
mod persons;
mod powers;
mod races;
mod system;

use serde_json::{Value, json};

use crate::support::{Answer, TestKeyward, text};

const ALICE: &str = "alice@example.com";
const ROOT: &str = "root@example.com";

/// Makes a key of one's own.
fn make(kw: &TestKeyward, access: &str, body: &Value) -> Answer {
    kw.post("/auth/api-keys").bearer(access).json(body).send()
}

/// A key of one's own with these permissions: its text and its id.
#[track_caller]
fn made(kw: &TestKeyward, access: &str, (name, scope): (&str, &[&str])) -> (String, String) {
    let made = make(kw, access, &json!({ "name": name, "permissions": scope }));
    assert_eq!(made.status, 201, "{made:?}");
    (text(&made.json(), "key"), text(&made.json(), "id"))
}

fn verify(kw: &TestKeyward, key: &str) -> Answer {
    kw.get("/auth/verify").bearer(key).send()
}

/// Somebody who administers: their access token.
fn root(kw: &TestKeyward) -> String {
    kw.add(ROOT, None, true);
    let proven = "UPDATE accounts SET verified = TRUE";
    kw.execute(proven, proven);
    text(&kw.login(ROOT), "access_token")
}

/// Every row that a key has.
fn rows(kw: &TestKeyward) -> Vec<String> {
    kw.rows("SELECT id || ' ' || name || ' ' || permissions AS line FROM api_keys ORDER BY id")
}
