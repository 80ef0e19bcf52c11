//! Every route below an organization by every kind of caller, against the reviewed answer.

use keyward::domain::id::{AccountId, OrganizationId};
use keyward::http::routes::TABLE;
use keyward::service::organizations::administer;
use keyward::service::organizations::change_member::Which;
use serde_json::{Value, json};

use super::{invite, make, person, sign_in_to};
use crate::support::{PASSWORD, TestKeyward};

/// A session in no organization, of somebody who is nothing there, was suspended, or removed; one
/// of an owner that is in another organization; and members' own.
const CALLERS: [&str; 8] = [
    "stranger",
    "suspended",
    "removed",
    "elsewhere",
    "viewer",
    "manager",
    "admin",
    "owner",
];

/// Method, path, body, and what each of them gets. `{n}` is new in each request.
const REVIEWED: &[(&str, &str, &str, [u16; 8])] = &[
    ("GET", "", "", [404, 404, 404, 404, 200, 200, 200, 200]),
    (
        "PATCH",
        "",
        r#"{"name":"New {n}"}"#,
        [404, 404, 404, 404, 403, 403, 200, 200],
    ),
    (
        "GET",
        "/api-keys",
        "",
        [404, 404, 404, 404, 403, 200, 200, 200],
    ),
    (
        "DELETE",
        "/api-keys/00000000-0000-0000-0000-000000000000",
        "",
        [404, 404, 404, 404, 403, 404, 404, 404],
    ),
    (
        "GET",
        "/members",
        "",
        [404, 404, 404, 404, 403, 200, 200, 200],
    ),
    (
        "PATCH",
        "/members/{target}",
        r#"{"role":"manager"}"#,
        [404, 404, 404, 404, 403, 204, 204, 204],
    ),
    (
        "PATCH",
        "/members/{target}",
        r#"{"role":"owner"}"#,
        [404, 404, 404, 404, 403, 403, 403, 204],
    ),
    (
        "PATCH",
        "/members/{target}",
        r#"{"state":"suspended"}"#,
        [404, 404, 404, 404, 403, 204, 204, 204],
    ),
    (
        "DELETE",
        "/members/{target}",
        "",
        [404, 404, 404, 404, 403, 204, 204, 204],
    ),
    (
        "PATCH",
        "/members/{owner}",
        r#"{"role":"viewer"}"#,
        [404, 404, 404, 404, 403, 403, 403, 204],
    ),
    (
        "GET",
        "/invitations",
        "",
        [404, 404, 404, 404, 403, 200, 200, 200],
    ),
    (
        "POST",
        "/invitations",
        r#"{"email":"new{n}@example.com","role":"viewer"}"#,
        [404, 404, 404, 404, 403, 202, 202, 202],
    ),
    (
        "POST",
        "/invitations",
        r#"{"email":"new{n}@example.com","role":"admin"}"#,
        [404, 404, 404, 404, 403, 403, 202, 202],
    ),
    (
        "DELETE",
        "/invitations/waits@example.com",
        "",
        [404, 404, 404, 404, 403, 204, 204, 204],
    ),
    (
        "GET",
        "/roles",
        "",
        [404, 404, 404, 404, 403, 200, 200, 200],
    ),
    (
        "POST",
        "/roles",
        r#"{"name":"Role {n}","permissions":[]}"#,
        [404, 404, 404, 404, 403, 403, 201, 201],
    ),
    (
        "PATCH",
        "/roles/Fitter",
        r#"{"permissions":[]}"#,
        [404, 404, 404, 404, 403, 403, 200, 200],
    ),
    (
        "DELETE",
        "/roles/Fitter",
        "",
        [404, 404, 404, 404, 403, 403, 204, 204],
    ),
    // Whoever is suspended stays so, and is not invited anew by who may only invite.
    (
        "POST",
        "/leave",
        "",
        [404, 409, 404, 404, 204, 204, 204, 204],
    ),
    (
        "POST",
        "/accept",
        "",
        [404, 409, 404, 404, 409, 409, 409, 409],
    ),
    ("DELETE", "", "", [404, 404, 404, 404, 403, 403, 403, 204]),
];

struct Cell<'a> {
    kw: &'a TestKeyward,
    id: String,
    number: usize,
}

impl Cell<'_> {
    fn account(&self, name: &str) -> (String, AccountId) {
        let email = format!("{name}{}@example.com", self.number);
        let account = self.kw.add_verified(&email);
        (email, account)
    }

    fn join(&self, name: &str, role: &str) -> (String, AccountId) {
        let (email, account) = self.account(name);
        let id: OrganizationId = self.id.parse().unwrap();
        let which = Which {
            organization: id,
            account,
        };
        administer::set_role(&self.kw.kw, which, role).unwrap();
        (email, account)
    }

    /// The access token of such a caller.
    fn caller(&self, caller: &str, owner: &str) -> String {
        let free = |email: &str| self.kw.sign_in(email, PASSWORD).tokens().0;
        let state = |account: AccountId, method: &str| {
            let path = super::path_of(&self.id, account);
            let body = json!({ "state": "suspended" });
            let ask = self.kw.ask(method, &path).bearer(owner);
            let ask = if method == "PATCH" {
                ask.json(&body)
            } else {
                ask
            };
            assert_eq!(ask.send().status, 204);
        };
        match caller {
            "stranger" => free(&self.account("s").0),
            "suspended" | "removed" => {
                let (email, account) = self.join("s", "admin");
                state(
                    account,
                    if caller == "removed" {
                        "DELETE"
                    } else {
                        "PATCH"
                    },
                );
                free(&email)
            }
            "elsewhere" => {
                let (email, _) = self.join("s", "owner");
                let other = make(self.kw, &free(&email), &format!("Other {}", self.number));
                sign_in_to(self.kw, &email, &other).tokens().0
            }
            role => {
                let (email, _) = self.join("s", role);
                sign_in_to(self.kw, &email, &self.id).tokens().0
            }
        }
    }
}

both!(
    o11_every_route_of_an_organization_by_every_member_as_it_was_reviewed,
    |kw| {
        let mut number = 0;
        for (method, path, body, reviewed) in REVIEWED {
            let mut found = [0; 8];
            for (caller, found) in CALLERS.iter().zip(&mut found) {
                number += 1;
                *found = ask(kw, (method, path, body), (caller, number));
            }
            assert_eq!(&found, reviewed, "{method} {path} {body}");
        }
    }
);

/// In an organization of its own: the status.
fn ask(
    kw: &TestKeyward,
    (method, path, body): (&str, &str, &str),
    (caller, number): (&str, usize),
) -> u16 {
    let owner = person(kw, &format!("o{number}@example.com"));
    let cell = Cell {
        kw,
        id: make(kw, &owner, &format!("Acme {number}")),
        number,
    };
    let fitter = json!({ "name": "Fitter", "permissions": [] });
    let roles = format!("/auth/organizations/{}/roles", cell.id);
    let made = kw.post(&roles).bearer(&owner).json(&fitter).send();
    assert_eq!(made.status, 201);
    let waits = invite(kw, &owner, &cell.id, ("waits@example.com", "viewer"));
    assert_eq!(waits.status, 202);
    let token = cell.caller(caller, &owner);
    let path = path
        .replace("{target}", &cell.join("t", "viewer").1.to_string())
        .replace("{owner}", &super::id_of(&owner).to_string());
    let path = format!("/auth/organizations/{}{path}", cell.id);
    let mut ask = kw.ask(method, &path).bearer(&token);
    if !body.is_empty() {
        let body = body.replace("{n}", &number.to_string());
        let body: Value = serde_json::from_str(&body).unwrap();
        ask = ask.json(&body);
    }
    ask.send().status
}

/// A route below an organization that the table above has no line for fails here.
#[test]
fn o11_every_route_of_an_organization_has_a_line() {
    for row in TABLE.iter().flat_map(|group| group.rows) {
        let Some(below) = row.path.strip_prefix("/auth/organizations/{id}") else {
            continue;
        };
        // Told by `sign_in.rs`.
        if below == "/enter" {
            continue;
        }
        let like = |path: &str| {
            let (path, below) = (path.split('/'), below.split('/'));
            path.clone().count() == below.clone().count()
                && path
                    .zip(below)
                    .all(|(one, other)| one == other || other.starts_with('{'))
        };
        let told = REVIEWED
            .iter()
            .any(|line| line.0 == row.method && like(line.1));
        assert!(told, "{} {}", row.method, row.path);
    }
}
