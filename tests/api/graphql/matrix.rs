//! Who gets what from each field of a root, by every kind of caller. `matrix.txt` is the reviewed
//! answer: `ok`, or the code. `KEYWARD_WRITE=1 cargo test --test api matrix` writes it anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use keyward::service::accounts::administer;

use crate::graphql::{OPEN, in_demo_as, organization};
use crate::matrix::{ALICE, CALLERS, ROOT};
use crate::support::{TestKeyward, text};

const REVIEWED: &str = include_str!("matrix.txt");

/// Path, kind of root, field, and how it is asked for.
const FIELDS: &[(&str, &str, &str, &str)] = &[
    ("/graphql", "query", "account", "{ username }"),
    (
        "/graphql",
        "query",
        "login",
        "(username: \"nobody\", password: \"x\") { errorCode }",
    ),
    (
        "/graphql",
        "query",
        "loginByEmail",
        "(email: \"nobody@b.co\", password: \"x\") { errorCode }",
    ),
    ("/graphql", "query", "user", "(login: \"nobody\") { id }"),
    ("/graphql", "query", "users_me", "{ id }"),
    ("/graphql", "query", "viewer", "{ id }"),
    (
        "/graphql",
        "mutation",
        "auth_login",
        "(email: \"nobody@b.co\", password: \"x\") { expires }",
    ),
    ("/graphql", "mutation", "auth_logout", ""),
    (
        "/graphql",
        "mutation",
        "auth_refresh",
        "(refresh_token: \"x\") { expires }",
    ),
    (
        "/graphql",
        "mutation",
        "createAccount",
        "(value: { username: \"bob\", password: { value: \"x\" } }) { id }",
    ),
    (
        "/graphql",
        "mutation",
        "exchangeRefreshToken",
        "(input: { refreshToken: \"x\" }) { session { email } }",
    ),
    (
        "/graphql",
        "mutation",
        "login",
        "(input: { email: \"nobody@b.co\", password: \"x\" }) { session { email } }",
    ),
    ("/graphql", "mutation", "logout", "{ success }"),
    (
        "/graphql",
        "mutation",
        "passwordResetLink",
        "(input: { email: \"nobody@b.co\", redirectUrl: \"https://helice.cloud/login\" })",
    ),
    (
        "/graphql",
        "mutation",
        "publishEmailEvent",
        "(input: { type: transactional, to: { email: \"nobody@b.co\" }, subject: \"s\", content: \"c\" }) { messageId }",
    ),
    (
        "/graphql",
        "mutation",
        "startSession",
        "{ session { isAnonymous } }",
    ),
    (
        "/graphql",
        "mutation",
        "userRegister",
        "(input: { email: \"bob@b.co\", password: \"x\" }) { user { id } }",
    ),
    ("/v1/graphql", "query", "viewer", "{ id }"),
    (
        "/v1/graphql",
        "mutation",
        "login",
        "(loginInput: { email: \"nobody@b.co\", organizationName: \"o\", password: \"x\" }) { expiresIn }",
    ),
    ("/v1/graphql", "mutation", "logout", "{ success }"),
    (
        "/v1/graphql",
        "mutation",
        "refreshToken",
        "(refreshTokenInput: { organizationId: \"o\", refreshToken: \"x\" }) { expiresIn }",
    ),
];

fn matrix() -> String {
    let mut head = format!("{:44}", "");
    for (name, _) in CALLERS {
        write!(head, "{name:22}").unwrap();
    }
    let mut lines = vec![head.trim_end().to_owned()];
    let kw = TestKeyward::with(OPEN);
    let alice = kw.account(ALICE);
    kw.add(ROOT, None, true);
    for (path, kind, field, rest) in FIELDS {
        let document = format!("{kind} {{ {field} {rest} }}");
        let mut line = format!("{path:12}{kind:10}{field:22}");
        for (_, token_of) in CALLERS {
            let token = token_of(&kw, alice);
            let body = kw.asks(path, &document, token.as_deref()).json();
            let said = body["errors"][0]["extensions"]["code"].as_str();
            write!(line, "{:22}", said.unwrap_or("ok")).unwrap();
            administer::set_enabled(&kw.kw, alice, true).unwrap();
            // Guesses that each of these makes are forgotten.
            kw.advance(3600);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n") + "\n"
}

#[test]
fn every_field_answers_every_kind_of_caller_as_it_was_reviewed() {
    let found = matrix();
    if std::env::var_os("KEYWARD_WRITE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/graphql/matrix.txt");
        std::fs::write(path, &found).unwrap();
        return;
    }
    for (found, reviewed) in found.lines().zip(REVIEWED.lines()) {
        assert_eq!(
            found, reviewed,
            "KEYWARD_WRITE=1 writes tests/api/graphql/matrix.txt"
        );
    }
    assert_eq!(found.lines().count(), REVIEWED.lines().count());
}

#[test]
fn every_field_of_a_root_has_a_line() {
    let kw = TestKeyward::new();
    // An owner, who sees everything.
    let (_, token) = in_demo_as(&kw, ALICE, "owner");
    for path in ["/graphql", "/v1/graphql"] {
        let document =
            "{ __schema { queryType { fields { name } } mutationType { fields { name } } } }";
        let schema = kw.asks(path, document, Some(&token)).json()["data"]["__schema"].clone();
        for (kind, root) in [("query", "queryType"), ("mutation", "mutationType")] {
            let there = schema[root]["fields"].as_array().unwrap().iter();
            let there: BTreeSet<_> = there.map(|field| text(field, "name")).collect();
            let listed = FIELDS.iter().filter(|it| (it.0, it.1) == (path, kind));
            let mut listed: BTreeSet<_> = listed.map(|it| it.2.to_owned()).collect();
            if path == "/v1/graphql" {
                let more = organization::FIELDS.iter().filter(|it| it.0 == kind);
                listed.extend(more.map(|it| it.1.to_owned()));
            }
            assert_eq!(there, listed, "{path} {kind}");
        }
    }
}
