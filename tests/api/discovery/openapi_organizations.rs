//! The successes of organizations, for `openapi_answers.rs`.

use serde_json::{Value, json};

use super::{Walk, assert_documented};
use crate::support::{Answer, PASSWORD, account_of, text};

const GINA: &str = "gina@example.com";
const HUGO: &str = "hugo@example.com";

/// An owner and those who are invited.
struct Acme<'a> {
    walk: &'a mut Walk,
    owner: String,
    id: String,
}

impl Acme<'_> {
    /// Asks below the organization, and notes the answer under the path of the document.
    fn note(&mut self, method: &'static str, below: &'static str, who: Who<'_>) -> Answer {
        let path = match below.strip_prefix("/v1/") {
            Some(_) => below.to_owned(),
            None => format!("/auth/organizations/{{id}}{below}"),
        };
        let real = path
            .replace("{id}", &self.id)
            .replace("{account}", &who.account)
            .replace("{user}", &who.account)
            .replace("{role}", "Fitter")
            .replace("{email}", HUGO);
        let mut ask = self.walk.kw.ask(&method.to_uppercase(), &real);
        ask = ask.bearer(who.token.unwrap_or(&self.owner));
        if let Some(body) = &who.body {
            ask = ask.json(body);
        }
        let answer = ask.send();
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        assert_documented(method, &path, &answer);
        self.walk.told.insert((path.leak(), method));
        answer
    }
}

#[derive(Default)]
struct Who<'a> {
    token: Option<&'a str>,
    account: String,
    body: Option<Value>,
}

fn with(body: Value) -> Who<'static> {
    Who {
        body: Some(body),
        ..Who::default()
    }
}

pub(super) fn walk(walk: &mut Walk) {
    walk.kw.add_verified("owner@example.com");
    let (owner, refresh) = walk.kw.sign_in("owner@example.com", PASSWORD).tokens();
    let path = "/auth/organizations";
    let ask = walk.kw.post(path).bearer(&owner);
    let answer = ask.json(&json!({ "name": "Acme" })).send();
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_documented("post", path, &answer);
    walk.told.insert((path, "post"));
    let id = text(&answer.json(), "id");
    let answer = walk.kw.get(path).bearer(&owner).send();
    walk.note("get", path, answer);
    let mut acme = Acme { walk, owner, id };
    acme.note("get", "", Who::default());
    acme.note("patch", "", with(json!({ "name": "Acme AB" })));
    let entered = acme.note("post", "/enter", with(json!({ "refresh_token": refresh })));
    assert!(entered.json()["organizationId"].is_string(), "{entered:?}");
    members(&mut acme);
    roles(&mut acme);
    acme.note("delete", "", Who::default());
    oisp(acme.walk);
}

fn members(acme: &mut Acme<'_>) {
    acme.walk.kw.add_verified(GINA);
    let gina = acme.walk.kw.sign_in(GINA, PASSWORD).tokens().0;
    for email in [GINA, HUGO] {
        let body = json!({ "email": email, "role": "viewer" });
        acme.note("post", "/invitations", with(body));
    }
    acme.note("get", "/invitations", Who::default());
    acme.note("delete", "/invitations/{email}", Who::default());
    let her = || Who {
        token: Some(&gina),
        ..Who::default()
    };
    acme.note("post", "/accept", her());
    acme.note("get", "/members", Who::default());
    let account = account_of(&gina).to_string();
    let mut edit = with(json!({ "role": "manager" }));
    edit.account.clone_from(&account);
    acme.note("patch", "/members/{account}", edit);
    acme.note("post", "/leave", her());
    let body = json!({ "email": GINA, "role": "viewer" });
    acme.note("post", "/invitations", with(body));
    let token = acme.walk.code(GINA);
    acme.walk
        .posted("/auth/invitations/accept", &json!({ "token": token }));
    let removed = Who {
        account,
        ..Who::default()
    };
    acme.note("delete", "/members/{account}", removed);
}

fn roles(acme: &mut Acme<'_>) {
    let body = json!({ "name": "Fitter", "permissions": ["device:read"] });
    acme.note("post", "/roles", with(body));
    acme.note("get", "/roles", Who::default());
    let body = json!({ "permissions": [] });
    acme.note("patch", "/roles/{role}", with(body));
    acme.note("delete", "/roles/{role}", Who::default());
    acme.walk.kw.add("boss@example.com", None, true);
    let boss = acme
        .walk
        .kw
        .sign_in("boss@example.com", PASSWORD)
        .tokens()
        .0;
    let body = json!({ "name": "Editor", "scope": "service", "permissions": ["page:write"] });
    let edit = json!({ "description": "Edits pages." });
    for (method, path, real, body) in [
        ("post", "/auth/roles", "/auth/roles", Some(body)),
        ("get", "/auth/roles", "/auth/roles", None),
        (
            "patch",
            "/auth/roles/{role}",
            "/auth/roles/Editor",
            Some(edit),
        ),
        ("delete", "/auth/roles/{role}", "/auth/roles/Editor", None),
    ] {
        let kw = &acme.walk.kw;
        let mut ask = kw.ask(&method.to_uppercase(), real).bearer(&boss);
        if let Some(body) = &body {
            ask = ask.json(body);
        }
        let answer = ask.send();
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        assert_documented(method, path, &answer);
        acme.walk.told.insert((path, method));
    }
}

/// The same by seed O's routes.
fn oisp(walk: &mut Walk) {
    let owner = walk.kw.oisp_login("owner@example.com");
    let path = "/v1/api/accounts";
    let ask = walk.kw.post(path).bearer(&owner);
    let answer = ask.json(&json!({ "name": "Acme" })).send();
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_documented("post", path, &answer);
    walk.told.insert((path, "post"));
    let id = text(&answer.json(), "id");
    let mut acme = Acme { walk, owner, id };
    acme.note("get", "/v1/api/accounts", Who::default());
    acme.note("get", "/v1/api/accounts/{id}", Who::default());
    let body = json!({ "name": "Acme AB" });
    acme.note("put", "/v1/api/accounts/{id}", with(body));
    let gina = acme.walk.kw.oisp_login(GINA);
    for email in [GINA, HUGO] {
        let body = json!({ "email": email });
        acme.note("post", "/v1/api/accounts/{id}/invites", with(body));
    }
    acme.note("get", "/v1/api/accounts/{id}/invites", Who::default());
    acme.note(
        "delete",
        "/v1/api/accounts/{id}/invites/{email}",
        Who::default(),
    );
    let mut accept = with(json!({ "accept": true }));
    accept.token = Some(&gina);
    acme.note("get", "/v1/api/invites/{email}", Who::default());
    acme.note("put", "/v1/api/invites/{id}/status", accept);
    acme.note("get", "/v1/api/accounts/{id}/users", Who::default());
    let id = acme.id.clone();
    let mut admin = with(json!({ "accounts": { id.as_str(): "admin" } }));
    admin.account = account_of(&gina).to_string();
    acme.note("put", "/v1/api/accounts/{id}/users/{user}", admin);
    acme.note("delete", "/v1/api/accounts/{id}", Who::default());
}
