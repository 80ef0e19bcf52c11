//! Organizations: who makes them, who is in them, who may do what there.

mod addresses;
mod dead_invitations;
mod given_roles;
mod invite;
mod make;
mod matrix;
mod members;
mod names;
mod others;
mod owners;
mod races;
mod roles;
mod sign_in;
mod stray;
mod taken_names;
mod twins;
mod walls;
mod words;

use keyward::domain::id::AccountId;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestKeyward, account_of, text};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
const CAROL: &str = "carol@example.com";

/// Somebody whose address is proven, signed in to no organization: the access token.
pub fn person(kw: &TestKeyward, email: &str) -> String {
    kw.add_verified(email);
    kw.sign_in(email, PASSWORD).tokens().0
}

/// Makes an organization: its id.
#[track_caller]
pub fn make(kw: &TestKeyward, access: &str, name: &str) -> String {
    let body = json!({ "name": name });
    let made = kw
        .post("/auth/organizations")
        .bearer(access)
        .json(&body)
        .send();
    assert_eq!(made.status, 201, "{made:?}");
    text(&made.json(), "id")
}

pub fn invite(kw: &TestKeyward, access: &str, id: &str, (email, role): (&str, &str)) -> Answer {
    let path = format!("/auth/organizations/{id}/invitations");
    let body = json!({ "email": email, "role": role });
    kw.post(&path).bearer(access).json(&body).send()
}

/// A new person in the organization, with that role: the access token of a session that is in
/// it, and the refresh token.
#[track_caller]
pub fn member(
    kw: &TestKeyward,
    owner: &str,
    id: &str,
    (email, role): (&str, &str),
) -> (String, String) {
    let access = person(kw, email);
    let invited = invite(kw, owner, id, (email, role));
    assert_eq!(invited.status, 202, "{invited:?}");
    let path = format!("/auth/organizations/{id}/accept");
    let accepted = kw.post(&path).bearer(&access).send();
    assert_eq!(accepted.status, 204, "{accepted:?}");
    sign_in_to(kw, email, id).tokens()
}

pub fn sign_in_to(kw: &TestKeyward, email: &str, id: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD, "organizationId": id });
    kw.post("/auth/login").json(&body).send()
}

pub fn path_of(id: &str, account: AccountId) -> String {
    format!("/auth/organizations/{id}/members/{account}")
}

/// Changes a member.
pub fn change(kw: &TestKeyward, access: &str, path: &str, body: &Value) -> Answer {
    kw.ask("PATCH", path).bearer(access).json(body).send()
}

pub fn id_of(access: &str) -> AccountId {
    account_of(access)
}

/// Every row that speaks of organizations.
fn rows(kw: &TestKeyward) -> Vec<String> {
    let mut rows = kw.rows("SELECT id || ' ' || name AS line FROM organizations ORDER BY id");
    rows.extend(kw.rows(
        "SELECT organization_id || ' ' || account_id || ' ' || role || ' ' || state AS line \
         FROM memberships ORDER BY organization_id, account_id",
    ));
    rows.extend(kw.rows(
        "SELECT place || ' ' || address || ' ' || role AS line \
         FROM invitations ORDER BY place, address",
    ));
    rows
}
