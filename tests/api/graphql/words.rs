//! What is said of a document that is refused: where, and never what was sent.

use serde_json::json;

use crate::graphql::{ALICE, code};
use crate::support::{Logbook, TestKeyward};

const CANARY: &str = "CANARY-hunter2-hunter2";

#[test]
fn h39_no_error_holds_what_was_sent() {
    let kw = TestKeyward::new();
    let logbook = Logbook::open();
    let with = |variables: serde_json::Value, declared: &str, used: &str| {
        json!({
            "query": format!("mutation({declared}) {{ login({used}) {{ session {{ email }} }} }}"),
            "variables": variables,
        })
    };
    let input = format!("input: {{ email: 5, password: \"{CANARY}\" }}");
    for body in [
        json!({ "query": format!("mutation {{ login(input: \"{CANARY}\") {{ session {{ email }} }} }}") }),
        json!({ "query": format!("mutation {{ login({input}) {{ session {{ email }} }} }}") }),
        json!({ "query": format!("mutation {{ login(input: {{ email: {{ a: \"{CANARY}\" }}, password: \"x\" }}) {{ session {{ email }} }} }}") }),
        json!({ "query": format!("mutation {{ login(input: {{ email: [\"{CANARY}\"], password: \"x\" }}) {{ session {{ email }} }} }}") }),
        json!({ "query": format!("mutation \"{CANARY}\" {{ logout }}") }),
        json!({ "query": format!("mutation {{ auth_login(email: \"a@b.c\", password: \"x\", mode: \"{CANARY}\") {{ expires }} }}") }),
        json!({ "query": format!("mutation {{ login(input: {{ email: \"x\", password: \"{CANARY}") }),
        with(
            json!({ "input": CANARY }),
            "$input: LoginInput!",
            "input: $input",
        ),
        with(
            json!({ "input": { "email": 5, "password": CANARY } }),
            "$input: LoginInput!",
            "input: $input",
        ),
        with(
            json!({ "input": { "email": [CANARY], "password": "x" } }),
            "$input: LoginInput!",
            "input: $input",
        ),
        with(
            json!({ "input": { "email": { "a": CANARY }, "password": "x" } }),
            "$input: LoginInput!",
            "input: $input",
        ),
        with(
            json!({ "email": [CANARY] }),
            "$email: String = \"x\"",
            "input: { email: $email, password: \"x\" }",
        ),
        with(
            json!({}),
            &format!("$email: Int = \"{CANARY}\""),
            "input: { email: $email, password: \"x\" }",
        ),
        json!({ "query": "mutation($mode: auth_mode) { auth_login(email: \"a@b.c\", password: \"x\", mode: $mode) { expires } }", "variables": { "mode": CANARY } }),
    ] {
        for path in ["/graphql", "/v1/graphql"] {
            let answer = kw.asks_with(path, &body, None);
            assert!(!answer.json()["errors"].is_null(), "{body}: {answer:?}");
            assert!(!answer.body.contains("CANARY"), "{body}: {answer:?}");
            assert!(!answer.body.contains("hunter2"), "{body}: {answer:?}");
        }
    }
    logbook.holds_none_of(&[CANARY.to_owned()]);
}

#[test]
fn h35_errors_name_the_place_and_guess_at_nothing() {
    let kw = TestKeyward::new();
    let body = kw.graphql("{ viewer {\n  emial } }", None);
    assert_eq!(
        body.to_string(),
        r#"{"errors":[{"message":"Unknown field \"emial\" on type \"User\".","locations":[{"line":2,"column":3}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}"#
    );
    for document in [
        "{ viewr { id } }",
        "{ viewer }",
        "{ viewer { id } } { account { username } }",
        "mutation { auth_login(emial: \"x\", password: \"y\") { expires } }",
        "subscription { viewer { id } }",
        "query A { __typename } query B { __typename }",
        "{ __type(name: \"Usr\") { name } viewer { id { x } } }",
    ] {
        let said = kw.graphql(document, None);
        assert_eq!(code(&said), "GRAPHQL_VALIDATION_FAILED", "{said}");
        assert!(!said.to_string().contains("Did you mean"), "{said}");
    }
}

#[test]
fn long_names_are_not_said_again_and_faults_are_told_to_twenty() {
    let kw = TestKeyward::new();
    let name = "x".repeat(15_000);
    let said = kw.graphql(&format!("{{ {name} }}"), None);
    assert_eq!(
        said["errors"][0]["message"],
        json!("The document is not valid here.")
    );
    let many = (0..200).fold(String::new(), |many, number| many + &format!(" x{number}"));
    let said = kw.graphql(&format!("{{ {many} }}"), None);
    assert_eq!(said["errors"].as_array().unwrap().len(), 20);
}

#[test]
fn refusals_have_place_path_and_the_code_of_rest() {
    let kw = TestKeyward::new();
    let document = "mutation {\n  again: auth_login(email: \"alice@example.com\", password: \"nothing of it\") { expires }\n}";
    let answer = kw.asks("/graphql", document, None);
    assert_eq!(
        answer.body,
        r#"{"errors":[{"message":"Invalid user credentials.","locations":[{"line":2,"column":3}],"path":["again"],"extensions":{"code":"INVALID_CREDENTIALS"}}],"data":{"again":null}}"#
    );
    let _ = ALICE;
}
