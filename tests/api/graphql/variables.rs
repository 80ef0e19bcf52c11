//! Variables, arguments and what they come to, as the specification has it (sections 3.11, 5.8
//! and 6.1.2).

use serde_json::{Value, json};

use crate::graphql::{ALICE, OPEN, alice, code};
use crate::support::{PASSWORD, TestKeyward, text};

fn ask(kw: &TestKeyward, document: &str, variables: &Value, token: Option<&str>) -> Value {
    let body = json!({ "query": document, "variables": variables });
    let answer = kw.asks_with("/graphql", &body, token);
    assert_eq!(answer.status, 200, "{document}: {answer:?}");
    answer.json()
}

/// How many sign-ins the account sees by this document.
#[track_caller]
fn seen(kw: &TestKeyward, token: &str, document: &str, variables: &Value) -> usize {
    let body = ask(kw, document, variables, Some(token));
    assert_eq!(body.get("errors"), None, "{document}: {body}");
    body["data"]["account"]["attempts"]
        .as_array()
        .unwrap()
        .len()
}

both!(a_default_is_for_what_is_absent_and_null_is_a_value, |kw| {
    let (token, _) = alice(kw);
    kw.graphql_login(ALICE, PASSWORD);
    kw.graphql_login(ALICE, PASSWORD);
    let with = |declared: &str| {
        format!("query($first: {declared}) {{ account {{ attempts(first: $first) {{ at }} }} }}")
    };
    for (declared, variables, count) in [
        ("Int", json!({}), 3),
        ("Int", json!({ "first": null }), 3),
        ("Int", json!({ "first": 2 }), 2),
        ("Int", json!({ "first": 2.0 }), 2),
        ("Int = 1", json!({}), 1),
        ("Int = 1", json!(null), 1),
        ("Int = 1", json!({ "first": null }), 3),
        ("Int = 1", json!({ "first": 2 }), 2),
        ("Int = null", json!({}), 3),
        ("Int = null", json!({ "first": 2 }), 2),
        ("Int! = 1", json!({}), 1),
        ("Int! = 1", json!({ "first": 0 }), 0),
        // What is not declared is passed over, whatever it is called.
        (
            "Int! = 1",
            json!({ "other": { "b c": [1, { "$x": 2 }] } }),
            1,
        ),
    ] {
        assert_eq!(
            seen(kw, &token, &with(declared), &variables),
            count,
            "{declared} {variables}"
        );
    }
    for (declared, variables) in [
        ("Int! = 1", json!({ "first": null })),
        ("Int!", json!({ "first": null })),
        ("Int!", json!({})),
        ("Int! = null", json!({})),
        ("Int = \"1\"", json!({})),
        ("Int = $x", json!({})),
        ("Int", json!({ "first": "1" })),
        ("Int", json!({ "first": 1.5 })),
        ("Int", json!({ "first": 9_007_199_254_740_993_i64 })),
        ("Int", json!({ "first": -2_147_483_649_i64 })),
        ("Int", json!({ "first": true })),
        ("Int", json!({ "first": [1] })),
        ("Int", json!({ "first": { "a": 1 } })),
        ("[Int]", json!({ "first": [1] })),
        ("String", json!({ "first": "1" })),
        ("Nothing", json!({ "first": 1 })),
        ("User", json!({ "first": 1 })),
    ] {
        let body = ask(kw, &with(declared), &variables, Some(&token));
        assert!(
            code(&body).starts_with("GRAPHQL_"),
            "{declared} {variables}: {body}"
        );
        assert_eq!(body.get("data"), None, "{body}");
    }
});

// Of each place: a literal, a variable of the member, and a variable of the whole input.
both!(
    one_value_is_a_list_of_it_where_a_list_is_wanted,
    OPEN,
    |kw| {
        let create = |name: &str, rest: &str| {
            format!(
                "createAccount(value: {{ username: \"{name}\" password: {{ value: \"{PASSWORD}\" }} {rest} }}) {{ id }}"
            )
        };
        let whole = |emails: Value, groups: Value| {
            json!({ "value": {
            "username": "four", "password": { "value": PASSWORD }, "emails": emails, "groups": groups,
        } })
        };
        for (name, document, variables) in [
            (
                "one",
                format!(
                    "mutation {{ {} }}",
                    create(
                        "one",
                        "emails: { value: \"one@example.com\" } groups: { name: \"staff\" }"
                    )
                ),
                json!({}),
            ),
            (
                "two",
                format!(
                    "mutation($emails: [ValueInput!], $name: String!) {{ {} }}",
                    create("two", "emails: $emails groups: [{ name: $name }]")
                ),
                json!({ "emails": { "value": "two@example.com" }, "name": "staff" }),
            ),
            (
                "three",
                format!(
                    "mutation($groups: [NameInput!]! = {{ name: \"staff\" }}) {{ {} }}",
                    create(
                        "three",
                        "emails: { value: \"three@example.com\" } groups: $groups"
                    )
                ),
                json!({}),
            ),
            (
                "four",
                "mutation($value: AccountInput!) { createAccount(value: $value) { id } }"
                    .to_owned(),
                whole(
                    json!({ "value": "four@example.com" }),
                    json!([{ "name": "staff" }]),
                ),
            ),
        ] {
            let body = ask(kw, &document, &variables, None);
            assert_eq!(body.get("errors"), None, "{document}: {body}");
            let login = format!(
                "{{ login(username: \"{name}\", password: \"{PASSWORD}\") {{ sessionToken }} }}"
            );
            let token = text(&kw.field(&login, None, "login"), "sessionToken");
            let account = "{ account { emails { value } groups { name } } }";
            let account = kw.field(account, Some(&token), "account");
            assert_eq!(
                account["emails"],
                json!([{ "value": format!("{name}@example.com") }])
            );
            assert_eq!(account["groups"], json!([{ "name": "staff" }]), "{name}");
        }
        let before = kw.state();
        let value = "mutation($value: AccountInput!) { createAccount(value: $value) { id } }";
        for (document, variables) in [
            (
                value,
                whole(json!([[{ "value": "five@example.com" }]]), json!(null)),
            ),
            (value, whole(json!([null]), json!(null))),
            (value, whole(json!("five@example.com"), json!(null))),
            (value, whole(json!([]), json!({ "name": 5 }))),
            (value, whole(json!([]), json!({ "nothing": "x" }))),
            // A variable of one value is no variable of a list.
            (
                "mutation($e: ValueInput!) { createAccount(value: { username: \"five\" password: { value: \"x\" } emails: $e }) { id } }",
                json!({ "e": { "value": "five@example.com" } }),
            ),
            (
                "mutation { createAccount(value: { username: \"five\" password: { value: \"x\" } emails: [[{ value: \"x\" }]] }) { id } }",
                json!({}),
            ),
        ] {
            let body = ask(kw, document, &variables, None);
            assert_eq!(
                code(&body),
                "GRAPHQL_VALIDATION_FAILED",
                "{variables}: {body}"
            );
        }
        assert_eq!(kw.state(), before);
    }
);

#[test]
fn words_of_a_list_are_words_in_a_document_and_texts_in_variables() {
    let kw = TestKeyward::new();
    let login = |declared: &str, mode: &str| {
        format!(
            "mutation{declared} {{ auth_login(email: \"a@b.co\", password: \"x\", mode: {mode}) {{ expires }} }}"
        )
    };
    let variable = login("($mode: auth_mode)", "$mode");
    for (document, mode, said) in [
        (login("", "json"), json!(null), "INVALID_CREDENTIALS"),
        (login("", "null"), json!(null), "INVALID_CREDENTIALS"),
        (variable.clone(), json!("json"), "INVALID_CREDENTIALS"),
        (
            login("($mode: auth_mode = json)", "$mode"),
            json!(null),
            "INVALID_CREDENTIALS",
        ),
        (
            login("", "\"json\""),
            json!(null),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            login("", "\"\"\"json\"\"\""),
            json!(null),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (login("", "5"), json!(null), "GRAPHQL_VALIDATION_FAILED"),
        (login("", "true"), json!(null), "GRAPHQL_VALIDATION_FAILED"),
        (
            login("", "[json]"),
            json!(null),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            login("", "{ a: json }"),
            json!(null),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            login("($mode: auth_mode = \"json\")", "$mode"),
            json!(null),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            login("($mode: String)", "$mode"),
            json!("json"),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            variable.clone(),
            json!("other"),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (variable.clone(), json!(5), "GRAPHQL_VALIDATION_FAILED"),
        (variable, json!(["json"]), "GRAPHQL_VALIDATION_FAILED"),
        // The library takes any word; the field does not.
        (login("", "other"), json!(null), "INVALID_PAYLOAD"),
    ] {
        let body = ask(&kw, &document, &json!({ "mode": mode }), None);
        assert_eq!(code(&body), said, "{document} {mode}: {body}");
    }
}

#[test]
fn directives_stand_once_and_variables_are_declared_and_used() {
    let kw = TestKeyward::new();
    let (token, _) = alice(&kw);
    for (document, place) in [
        (
            "{ viewer { id @skip(if: false) @skip(if: true) } }",
            Some((1, 32)),
        ),
        (
            "{ viewer @include(if: true)\n@include(if: true) { id } }",
            Some((2, 1)),
        ),
        (
            "{ ... @skip(if: true) @skip(if: true) { __typename } }",
            Some((1, 23)),
        ),
        (
            "{ ...a @skip(if: true) @skip(if: true) } fragment a on Query { __typename }",
            Some((1, 24)),
        ),
        ("{ viewer { id @skip } }", None),
        ("{ viewer { id @skip(if: \"true\") } }", None),
        ("{ viewer { id @skip(if: null) } }", None),
        ("{ viewer { id @skip(if: true, if: true) } }", None),
        ("{ viewer { id @skip(unless: true) } }", None),
        ("{ viewer { id @nothing } }", None),
        ("query @skip(if: true) { viewer { id } }", None),
        ("query($x: Boolean!) { viewer { id } }", None),
        ("{ viewer { id @skip(if: $x) } }", None),
        (
            "query($x: Boolean!, $x: Boolean!) { viewer { id @skip(if: $x) } }",
            None,
        ),
        (
            "query($x: [Boolean!]) { viewer { id @skip(if: $x) } }",
            None,
        ),
    ] {
        let body = ask(&kw, document, &json!({ "x": true }), Some(&token));
        assert_eq!(
            code(&body),
            "GRAPHQL_VALIDATION_FAILED",
            "{document}: {body}"
        );
        assert_eq!(body.get("data"), None);
        if let Some((line, column)) = place {
            let place = json!([{ "line": line, "column": column }]);
            assert_eq!(body["errors"][0]["locations"], place, "{document}");
        }
    }
    let document = "query($x: Boolean!, $y: Boolean = false) { viewer { id @skip(if: $x) ...a @include(if: $x) \
                    ... on User @include(if: $y) { username } ... @skip(if: $y) { isAnonymous } } } \
                    fragment a on User { __typename mail: email @include(if: $x) @skip(if: $y) }";
    let body = ask(&kw, document, &json!({ "x": true }), Some(&token));
    assert_eq!(
        body,
        json!({ "data": { "viewer": { "__typename": "User", "mail": ALICE, "isAnonymous": false } } })
    );
    let body = ask(
        &kw,
        document,
        &json!({ "x": false, "y": true }),
        Some(&token),
    );
    let viewer = body["data"]["viewer"].as_object().unwrap();
    assert_eq!(viewer.keys().collect::<Vec<_>>(), ["id", "username"]);
}

#[test]
fn the_operation_is_the_one_that_is_named() {
    let kw = TestKeyward::new();
    let two =
        "query A { a: __typename } mutation B { b: __typename } query query { c: __typename }";
    for (name, data) in [
        (json!("A"), json!({ "a": "Query" })),
        (json!("B"), json!({ "b": "Mutation" })),
        (json!("query"), json!({ "c": "Query" })),
    ] {
        let body = json!({ "query": two, "operationName": name, "extensions": null });
        assert_eq!(
            kw.asks_with("/graphql", &body, None).json(),
            json!({ "data": data })
        );
    }
    let one = "query A { a: __typename }";
    for name in [json!(null), json!(""), json!("A")] {
        let body = json!({ "query": one, "operationName": name, "extensions": { "a": 1 } });
        let answer = kw.asks_with("/graphql", &body, None);
        assert_eq!(answer.body, r#"{"data":{"a":"Query"}}"#, "{name}");
    }
    for (document, name, said) in [
        (
            two,
            json!(null),
            "The document holds several operations: \"operationName\" says which.",
        ),
        (
            two,
            json!(""),
            "The document holds several operations: \"operationName\" says which.",
        ),
        (
            two,
            json!("C"),
            "The document holds no operation of the name in \"operationName\".",
        ),
        (
            one,
            json!("B"),
            "The document holds no operation of the name in \"operationName\".",
        ),
        (
            "{ __typename }",
            json!("A"),
            "The document holds no operation of the name in \"operationName\".",
        ),
    ] {
        let body = json!({ "query": document, "operationName": name });
        let body = kw.asks_with("/graphql", &body, None).json();
        assert_eq!(body["errors"][0]["message"], json!(said));
        assert_eq!(code(&body), "GRAPHQL_VALIDATION_FAILED");
        assert_eq!(body.get("data"), None);
    }
}

// Null is refused for what a directive reads, because the library falls over it.
both!(
    what_a_directive_reads_is_asked_of_the_operation_that_is_carried_out,
    |kw| {
        let (token, _) = alice(kw);
        let ask = |document: &str, name: &str| {
            let body = json!({
                "query": document, "operationName": name, "variables": { "x": null },
            });
            kw.asks_with("/graphql", &body, Some(&token)).json()
        };
        let two = "query A($x: Boolean!) { __typename @include(if: $x) ...f } \
               fragment f on Query { __typename @skip(if: $x) } \
               query B($x: Int) { account { attempts(first: $x) { at } } }";
        let other = ask(two, "B");
        assert_eq!(other.get("errors"), None, "{other}");
        for own in [
            "query A($x: Boolean) { __typename @include(if: $x) }",
            "query A($x: Boolean) { ...f } fragment f on Query { ...g } \
         fragment g on Query { __typename @skip(if: $x) }",
        ] {
            let refused = ask(own, "A");
            assert_eq!(code(&refused), "GRAPHQL_VALIDATION_FAILED", "{refused}");
        }
    }
);
