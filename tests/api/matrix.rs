//! Who gets what from each route: every row of the table by every kind of caller, with an
//! empty body. `matrix.txt` is the reviewed answer: a changed right is a changed line, and a
//! row without a line fails. `KEYWARD_WRITE=1 cargo test --test api matrix` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use keyward::domain::id::AccountId;
use keyward::domain::rights::access::ADMIN;
use keyward::domain::rights::permission::{OWN, SERVICE};
use keyward::http::routes::TABLE;
use keyward::service::accounts::administer;
use serde_json::json;

use crate::support::{PASSWORD, TestKeyward, text};

const REVIEWED: &str = include_str!("matrix.txt");

/// The access token that a kind of caller shows; made anew for every request, since some
/// routes end it.
pub type Token = fn(&TestKeyward, AccountId) -> Option<String>;

/// Each kind of caller.
pub const CALLERS: &[(&str, Token)] = &[
    ("nobody", |_, _| None),
    ("garbage", |_, _| Some("garbage".to_owned())),
    ("standard", |kw, _| {
        Some(kw.sign_in(ALICE, PASSWORD).tokens().0)
    }),
    ("oisp", |kw, _| Some(kw.oisp_login(ALICE))),
    ("admin", |kw, _| Some(kw.sign_in(ROOT, PASSWORD).tokens().0)),
    ("acting", |kw, alice| {
        kw.define_role("support", &["account:act_as"]);
        administer::grant_role(
            &kw.kw,
            administer::find(&kw.kw, ROOT).unwrap().id,
            "support",
        )
        .unwrap();
        let root = kw.sign_in(ROOT, PASSWORD).tokens().0;
        let path = format!("/admin/accounts/{alice}/act-as");
        let asked = kw.post(&path).bearer(&root);
        let answer = asked.json(&json!({ "reason": "review" })).send();
        Some(text(&answer.json(), "access_token"))
    }),
    ("guest", |kw, _| Some(kw.guest().0)),
    ("machine", |kw, _| {
        let account = administer::find(&kw.kw, "ci-bot");
        let account = account.map_or_else(|_| kw.machine("ci-bot", &["system"]), |it| it.id);
        let scope = ["account:mail", "account:read", "account:reset-link"];
        Some(kw.key(account, &scope))
    }),
    ("key none", |kw, alice| Some(kw.key(alice, &[]))),
    ("key admin", |kw, _| {
        let root = administer::find(&kw.kw, ROOT).unwrap().id;
        let words = [&[ADMIN], OWN, SERVICE].concat();
        Some(kw.key(root, &words))
    }),
    ("expired", |kw, _| {
        let access = kw.sign_in(ALICE, PASSWORD).tokens().0;
        kw.advance(906);
        Some(access)
    }),
    ("ended", |kw, _| {
        let access = kw.sign_in(ALICE, PASSWORD).tokens().0;
        kw.post("/auth/logout").bearer(&access).send();
        Some(access)
    }),
    ("disabled", |kw, alice| {
        let access = kw.sign_in(ALICE, PASSWORD).tokens().0;
        administer::set_enabled(&kw.kw, alice, false).unwrap();
        Some(access)
    }),
];

pub const ALICE: &str = "alice@example.com";
pub const ROOT: &str = "root@example.com";

fn matrix() -> String {
    let mut text = format!("{:57}", "");
    for (name, _) in CALLERS {
        write!(text, "{name:10}").unwrap();
    }
    let mut lines = vec![text.trim_end().to_owned()];
    let kw = TestKeyward::new();
    let alice = kw.account(ALICE);
    kw.add(ROOT, None, true);
    for row in TABLE.iter().flat_map(|group| group.rows) {
        let method = if row.method == "ANY" {
            "GET"
        } else {
            row.method
        };
        let mut line = format!("{:7}{:49} ", row.method, row.path);
        for (_, token_of) in CALLERS {
            let token = token_of(&kw, alice);
            let mut ask = kw.ask(method, row.path);
            if let Some(token) = &token {
                ask = ask.bearer(token);
            }
            write!(line, "{:<10}", ask.send().status).unwrap();
            administer::set_enabled(&kw.kw, alice, true).unwrap();
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n") + "\n"
}

#[test]
fn every_route_answers_every_kind_of_caller_as_it_was_reviewed() {
    let found = matrix();
    if std::env::var_os("KEYWARD_WRITE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/matrix.txt");
        std::fs::write(path, &found).unwrap();
        return;
    }
    for (found, reviewed) in found.lines().zip(REVIEWED.lines()) {
        assert_eq!(
            found, reviewed,
            "not as reviewed: look at it, then KEYWARD_WRITE=1 writes tests/api/matrix.txt"
        );
    }
    assert_eq!(found.lines().count(), REVIEWED.lines().count());
}
