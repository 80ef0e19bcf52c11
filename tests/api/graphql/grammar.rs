//! Documents that are GraphQL, however oddly they are written, and such as are none.

use serde_json::{Value, json};

use crate::graphql::{ALICE, alice, code};
use crate::support::{PASSWORD, TestKeyward};

#[test]
fn every_way_to_write_a_document_is_read() {
    let kw = TestKeyward::new();
    let (token, _) = alice(&kw);
    let mail = json!({ "email": ALICE });
    let typename = json!({ "__typename": "Query" });
    for (document, data) in [
        ("{viewer{email}}", json!({ "viewer": mail })),
        ("query{viewer{email}}", json!({ "viewer": mail })),
        (
            "\u{feff}query query,{,,viewer,{,email\u{feff},},}",
            json!({ "viewer": mail }),
        ),
        (
            "# said\r{ viewer # { nothing }\r\n { email } } # more",
            json!({ "viewer": mail }),
        ),
        (
            "{ on: viewer { true: email } query: viewer { fragment: email null: email } }",
            json!({ "on": { "true": ALICE }, "query": { "fragment": ALICE, "null": ALICE } }),
        ),
        (
            "query fragment($on: Boolean!, $true: Boolean = true) { ...query @include(if: $on) } \
             fragment query on Query { viewer @include(if: $true) { ...on User { email } } }",
            json!({ "viewer": mail }),
        ),
        ("\"said\" query A { __typename }", typename.clone()),
        (
            "\"\"\"\n said \\\"\"\" \n\"\"\" query A(\"it\" $on: Boolean!) { __typename @include(if: $on) }",
            typename.clone(),
        ),
        (
            "fragment a on Query { __typename } { ...a }",
            typename.clone(),
        ),
        (
            "{ ... { ... on Query { ...a } } } fragment a on Query { ... { __typename } }",
            typename,
        ),
        (
            "{ __typename viewer { __typename } __schema { __typename queryType { __typename name } } \
             __type(name: \"User\") { __typename kind } }",
            json!({
                "__typename": "Query", "viewer": { "__typename": "User" },
                "__schema": { "__typename": "__Schema", "queryType": { "__typename": "__Type", "name": "Query" } },
                "__type": { "__typename": "__Type", "kind": "OBJECT" },
            }),
        ),
        (
            "{ account { attempts(first: -0) { at } } }",
            json!({ "account": { "attempts": [] } }),
        ),
        (
            "{ user: account { username } account { username __typename } }",
            json!({ "user": { "username": ALICE }, "account": { "username": ALICE, "__typename": "Account" } }),
        ),
    ] {
        let body = json!({ "query": document, "variables": { "on": true } });
        let body = kw.asks_with("/graphql", &body, Some(&token)).json();
        assert_eq!(body, json!({ "data": data }), "{document}");
    }
}

/// Each text is the address, or the password.
#[test]
fn every_way_to_write_a_text_is_read() {
    let kw = TestKeyward::new();
    kw.account(ALICE);
    let login = |email: &str, password: &str| {
        format!("mutation {{ auth_login(email: {email}, password: {password}) {{ expires }} }}")
    };
    let plain = format!("\"{PASSWORD}\"");
    for email in [
        "\"alice@example.com\"",
        "\"\\u0061lice@example\\u{2e}com\"",
        "\"\\u{0000000061}lice@example.com\"",
        "\"\"\"alice@example.com\"\"\"",
        "\"\"\"\nalice@example.com\n\"\"\"",
        "\"\"\"\r\n\r\n      alice@example.com\r\n   \"\"\"",
        "\"\"\"\r\talice@example.com\r\"\"\"",
    ] {
        let body = kw.graphql(&login(email, &plain), None);
        assert_eq!(
            body,
            json!({ "data": { "auth_login": { "expires": 900_000 } } }),
            "{email}"
        );
    }
    for (wrong, password) in [
        ("a quote", "\"\"\"a \\\"\"\"\"\"\""),
        ("signs of another script", "\"\"\"\n x\n\u{a0}y\"\"\""),
        ("a pair", "\"\\ud83d\\ude00\""),
        ("a backslash", "\"\"\"\\n\\u0041 \\ \"x\" \"\"\""),
        ("each escape", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    ] {
        let said = kw.graphql(&login("\"nobody@example.com\"", password), None);
        assert_eq!(code(&said), "INVALID_CREDENTIALS", "{wrong}: {said}");
    }
}

fn said(body: &Value) -> (&str, &str) {
    let error = &body["errors"][0];
    let message = error["message"].as_str().unwrap();
    (message, error["extensions"]["code"].as_str().unwrap())
}

#[test]
fn what_is_no_graphql_is_told_from_what_is_not_valid() {
    const OTHER: &str = "The document is no GraphQL: something else must stand here.";
    const SIGN: &str =
        "The document is no GraphQL: a text that does not end, or a sign that means nothing here.";
    const END: &str = "The document ends too early.";
    const TYPE: &str = "A value of another type must stand here.";
    const LARGE: &str = "This number is larger than an Int holds.";
    let kw = TestKeyward::new();
    let (token, _) = alice(&kw);
    let of_first = |value: &str| format!("{{ account {{ attempts(first: {value}) {{ at }} }} }}");
    let read = "GRAPHQL_PARSE_FAILED";
    let valid = "GRAPHQL_VALIDATION_FAILED";
    for (document, message, code, place) in [
        (" ".to_owned(), END, read, (1, 2)),
        ("# nothing".to_owned(), END, read, (1, 10)),
        ("{}".to_owned(), OTHER, read, (1, 2)),
        ("{ viewer { } }".to_owned(), OTHER, read, (1, 12)),
        ("query A".to_owned(), END, read, (1, 8)),
        ("{ viewer { id }".to_owned(), END, read, (1, 16)),
        (
            "{ __typename } type A { b: Int }".to_owned(),
            OTHER,
            read,
            (1, 16),
        ),
        ("{\r\n \u{e9} }".to_owned(), SIGN, read, (2, 2)),
        (
            "{ a(b: \"\u{e9}\", c: \"x\ny\") }".to_owned(),
            SIGN,
            read,
            (1, 16),
        ),
        (of_first("01"), SIGN, read, (1, 29)),
        (of_first("1e"), SIGN, read, (1, 29)),
        (of_first("\"\\ud800\""), SIGN, read, (1, 29)),
        (of_first("9007199254740993"), LARGE, valid, (1, 29)),
        (of_first("-2147483649"), LARGE, valid, (1, 29)),
        (of_first("{ a: 1 }"), TYPE, valid, (1, 29)),
        (of_first("1e5"), "", valid, (1, 29)),
        (of_first("1.0"), "", valid, (1, 29)),
        (of_first("\"1\""), "", valid, (1, 29)),
        (of_first("\"\"\"\n1\"\"\""), "", valid, (1, 29)),
        (of_first("ONE"), "", valid, (1, 29)),
        (of_first("[1]"), "", valid, (1, 29)),
    ] {
        let body = kw.graphql(&document, Some(&token));
        assert_eq!(body.get("data"), None, "{document}");
        let found = said(&body);
        assert_eq!(found.1, code, "{document}: {body}");
        assert!(
            message.is_empty() || found.0 == message,
            "{document}: {body}"
        );
        let place = json!([{ "line": place.0, "column": place.1 }]);
        assert_eq!(body["errors"][0]["locations"], place, "{document}: {body}");
    }
    for (document, message) in [
        (
            "subscription { viewer { id } }",
            "There are no subscriptions here.",
        ),
        (
            "subscription A { nothing } query B { __typename }",
            "There are no subscriptions here.",
        ),
    ] {
        let body =
            json!({ "query": document, "operationName": document.contains("A {").then_some("A") });
        for path in ["/graphql", "/v1/graphql"] {
            let body = kw.asks_with(path, &body, Some(&token)).json();
            assert_eq!(said(&body), (message, valid), "{body}");
        }
    }
}

/// What stands behind a text that is written otherwise for the library is told in its place.
#[test]
fn a_fault_is_told_where_it_stands() {
    let kw = TestKeyward::new();
    let document = "mutation {\n  auth_logout(refresh_token: \"\"\"\n  a\n \"\"\") nothing\n}";
    let body = kw.graphql(document, None);
    assert_eq!(
        body["errors"][0]["locations"],
        json!([{ "line": 4, "column": 7 }]),
        "{body}"
    );
    let document = "mutation { auth_logout(refresh_token: \"\"\"a\"\"\") nothing }";
    let body = kw.graphql(document, None);
    assert_eq!(
        body["errors"][0]["locations"],
        json!([{ "line": 1, "column": 48 }]),
        "{body}"
    );
}
