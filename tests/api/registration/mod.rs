//! An account's life by its owner: registering, proving addresses, a forgotten password,
//! another address, invitations, the profile.

mod addresses;
mod change_email;
mod emptied;
mod further;
mod invite;
mod profile;
mod register;
mod reserved;
mod reset;
mod sigma;
mod silent;
mod tickets;
mod ways_back;

use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestKeyward};

const ALICE: &str = "alice@example.com";
pub const OPEN: &[(&str, &str)] = &[
    ("KEYWARD_REGISTRATION", "open"),
    (
        "KEYWARD_REDIRECT_ALLOW_LIST",
        "https://app.example.com/account",
    ),
];
const OTHER: &str = "another horse battery";

fn register(kw: &TestKeyward, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    kw.post("/auth/register").json(&body).send()
}

/// Asks with this body; the answer has no body.
#[track_caller]
fn done(kw: &TestKeyward, path: &str, body: &Value) {
    let answer = kw.post(path).json(body).send();
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (204, ""),
        "{answer:?}"
    );
}

/// The code of the last mail to this address, whose link leads to Keyward's own page.
fn code_to(kw: &TestKeyward, to: &str) -> String {
    let link = kw.last_mail_to(to).link();
    let (page, code) = link.split_once('=').unwrap();
    assert!(page.starts_with("http://localhost:8080/account#"), "{link}");
    code.to_owned()
}

/// Registered, and the address proven.
fn alice(kw: &TestKeyward) {
    assert_eq!(register(kw, ALICE, PASSWORD).status, 202);
    let token = code_to(kw, ALICE);
    done(kw, "/auth/email/verify", &json!({ "token": token }));
}
