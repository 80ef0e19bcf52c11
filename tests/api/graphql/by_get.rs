//! Queries by GET, as some clients ask them by themselves (GraphQL over HTTP), and documents of
//! which the hash comes alone.

use serde_json::json;

use crate::graphql::{ALICE, OPEN, alice, code};
use crate::support::{Ask, PASSWORD, TestKeyward};

const VIEWER: &str = "query Viewer { viewer { email } }";

fn by_get<'a>(kw: &'a TestKeyward, path: &str, members: &[(&str, &str)]) -> Ask<'a> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(members);
    kw.get(&format!("{path}?{}", query.finish()))
}

both!(clients_28_d04_a_query_is_asked_by_get_too, |kw| {
    let (token, _) = alice(kw);
    let before = kw.state();
    let told = format!(r#"{{"data":{{"viewer":{{"email":"{ALICE}"}}}}}}"#);
    for path in ["/graphql", "/graphql/system"] {
        let members = [
            ("query", VIEWER),
            ("operationName", "Viewer"),
            ("variables", "{}"),
            ("extensions", "{}"),
            ("_", "1"),
        ];
        let answer = by_get(kw, path, &members).bearer(&token).send();
        assert_eq!((answer.status, &answer.body), (200, &told));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.set_cookies(), [""; 0]);
        let by_query = [("query", VIEWER), ("access_token", token.as_str())];
        assert_eq!(by_get(kw, path, &by_query).send().body, told);
        let answer = by_get(kw, path, &[("query", VIEWER)]).send();
        assert_eq!(code(&answer.json()), "INVALID_CREDENTIALS");
    }
    let document = "query($all: Boolean!) { a: __typename b: __typename @include(if: $all) }";
    let members = [("query", document), ("variables", r#"{"all":false}"#)];
    let answer = by_get(kw, "/graphql", &members).send();
    assert_eq!(answer.body, r#"{"data":{"a":"Query"}}"#);
    let head = kw.ask("HEAD", "/graphql?query=%7B__typename%7D").send();
    assert_eq!(head.status, 200);
    assert_eq!(kw.state(), before);
});

both!(
    clients_28_c6_what_does_more_than_read_is_asked_by_post,
    OPEN,
    |kw| {
        let (token, _) = alice(kw);
        let before = kw.state();
        let login = format!("login(username: \"{ALICE}\", password: \"{PASSWORD}\")");
        let by_email = format!("loginByEmail(email: \"{ALICE}\", password: \"{PASSWORD}\")");
        for document in [
            "mutation { startSession { session { accessToken } } }".to_owned(),
            "mutation { logout { success } }".to_owned(),
            "mutation { __typename }".to_owned(),
            "query A { __typename } mutation B { logout { success } }".to_owned(),
            format!("{{ {login} {{ sessionToken }} }}"),
            format!("{{ account {{ username }} a: {by_email} {{ sessionToken }} }}"),
            format!("{{ ...a }} fragment a on Query {{ ... {{ {login} {{ sessionToken }} }} }}"),
            format!("query($no: Boolean = true) {{ {login} @skip(if: $no) {{ sessionToken }} }}"),
        ] {
            let operation = if document.contains("mutation B") {
                "B"
            } else {
                ""
            };
            let members = [("query", document.as_str()), ("operationName", operation)];
            for accept in ["*/*", "application/graphql-response+json"] {
                let ask = by_get(kw, "/graphql", &members).bearer(&token);
                let answer = ask.header("accept", accept).send();
                answer.refused(405, "METHOD_NOT_ALLOWED");
                assert_eq!(answer.header("allow"), Some("POST"));
                assert!(answer.body.contains("is asked by POST"), "{answer:?}");
                assert_eq!(answer.json().get("data"), None);
            }
        }
        let both = "query A { __typename } mutation B { logout { success } }";
        let members = [("query", both), ("operationName", "A")];
        let answer = by_get(kw, "/graphql", &members).bearer(&token).send();
        assert_eq!(answer.body, r#"{"data":{"__typename":"Query"}}"#);
        assert_eq!(kw.state(), before, "no session, no attempt, no sign-out");
    }
);

/// A link or a picture of another page is a GET.
#[test]
fn clients_28_c1_c2_by_get_no_cookie_counts_and_no_page_of_another_site() {
    let kw = TestKeyward::with(&[("KEYWARD_ALLOWED_ORIGINS", "https://app.example.com")]);
    let (_, cookie) = kw.signed_in_by_cookie(ALICE);
    let ask = || by_get(&kw, "/graphql", &[("query", VIEWER)]);
    let answer = ask().cookie(&cookie).send();
    assert_eq!(code(&answer.json()), "INVALID_CREDENTIALS");
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "none"),
    ] {
        let answer = ask().header(name, value).send();
        answer.refused(403, "FORBIDDEN");
    }
    for (name, value) in [
        ("origin", "https://app.example.com"),
        ("sec-fetch-site", "same-origin"),
    ] {
        assert_eq!(ask().header(name, value).send().status, 200, "{value}");
    }
}

#[test]
fn clients_28_what_is_no_request_by_get_is_told_so() {
    let kw = TestKeyward::new();
    let types = ("query", "{ __typename }");
    for (members, said) in [
        (&[][..], "query"),
        (&[("query", "")], "query"),
        (&[types, types], "twice"),
        (&[types, ("variables", "[]")], "variables"),
        (&[types, ("variables", "a")], "variables"),
        (&[types, ("variables", r#"{"a":1,"a":2}"#)], "variables"),
        (&[types, ("extensions", "1")], "extensions"),
    ] {
        let answer = by_get(&kw, "/graphql", members).send();
        answer.refused(400, "INVALID_PAYLOAD");
        assert!(answer.body.contains(said), "{members:?}: {answer:?}");
    }
    for empty in ["", "null", " "] {
        let members = [types, ("variables", empty), ("extensions", empty)];
        let answer = by_get(&kw, "/graphql", &members).send();
        assert_eq!(answer.body, r#"{"data":{"__typename":"Query"}}"#);
    }
    let deep = format!("{{ {} }}", "__typename ".repeat(800));
    let answer = by_get(&kw, "/graphql", &[("query", &deep)]).send();
    answer.refused(414, "URI_TOO_LONG");
}

/// Whoever takes another method is told which it is.
#[test]
fn clients_28_a_method_that_is_not_taken_is_told_with_those_that_are() {
    let kw = TestKeyward::new();
    for (method, path, taken) in [
        ("GET", "/v1/graphql", "POST"),
        ("PUT", "/graphql", "HEAD, GET, POST"),
        ("GET", "/auth/login", "POST"),
        ("POST", "/v1/api/auth/tokenInfo", "HEAD, GET"),
    ] {
        let answer = kw.ask(method, path).send();
        assert_eq!(answer.status, 405, "{answer:?}");
        assert_eq!(answer.header("allow"), Some(taken), "{path}");
        let words = format!("this path is asked by {taken}.");
        assert!(answer.body.contains(&words), "{answer:?}");
    }
}

// Apollo sends the hash alone, and the document once it is told that no hash is known here.
both!(
    clients_31_a_hash_alone_is_told_of_in_the_known_words,
    |kw| {
        const TOLD: &str = r#"{"errors":[{"message":"PersistedQueryNotSupported","extensions":{"code":"PERSISTED_QUERY_NOT_SUPPORTED"}}]}"#;
        let (token, _) = alice(kw);
        let before = kw.state();
        let hashed = json!({ "persistedQuery": { "version": 1, "sha256Hash": "0".repeat(64) } });
        let text = hashed.to_string();
        for accept in ["*/*", "application/graphql-response+json"] {
            for path in ["/graphql", "/graphql/system", "/v1/graphql"] {
                for query in [json!({}), json!({ "query": null })] {
                    let mut body = json!({ "operationName": "Viewer", "extensions": hashed });
                    body.as_object_mut()
                        .unwrap()
                        .extend(query.as_object().unwrap().clone());
                    let answer = kw.post(path).header("accept", accept).json(&body).send();
                    assert_eq!((answer.status, answer.body.as_str()), (200, TOLD));
                }
            }
            for path in ["/graphql", "/graphql/system"] {
                let members = [("operationName", "Viewer"), ("extensions", text.as_str())];
                let answer = by_get(kw, path, &members).header("accept", accept).send();
                assert_eq!((answer.status, answer.body.as_str()), (200, TOLD));
            }
        }
        // What the client sends then.
        let body = json!({ "query": VIEWER, "extensions": hashed });
        let answer = kw.asks_with("/graphql", &body, Some(&token));
        assert_eq!(answer.json()["data"]["viewer"]["email"], json!(ALICE));
        for extensions in [json!({}), json!(1), json!({ "persistedQuery": true })] {
            let answer = kw.asks_with("/graphql", &json!({ "extensions": extensions }), None);
            answer.refused(400, "INVALID_PAYLOAD");
            assert!(answer.body.contains("is required"), "{answer:?}");
        }
        assert_eq!(kw.state(), before);
    }
);

#[test]
fn clients_33_what_is_sent_in_another_form_is_told_the_right_one() {
    let kw = TestKeyward::new();
    let batch = "No batches are taken: send one request at a time";
    let alone = "A document alone is no request: send JSON, {\"query\": \"...\"}";
    for (content_type, body, said) in [
        ("application/json", " [{\"query\":\"{__typename}\"}]", batch),
        ("application/json", "\u{feff}[]", batch),
        ("application/json", "query { __typename }", alone),
        ("application/json", "mutation { logout { success } }", alone),
        ("text/plain", "{ viewer { id } }", alone),
        (
            "text/plain",
            "{\n  ...a\n} fragment a on Query { a }",
            alone,
        ),
        ("application/graphql; charset=utf-8", "# said\n{ a }", alone),
        ("application/json", "{\"query\":", "it ends too early"),
        ("application/json", "null", "the body is null"),
        ("application/json", "{\"query\":5}", "must be a string"),
    ] {
        for path in ["/graphql", "/v1/graphql"] {
            let answer = kw.post(path).body(content_type, body).send();
            answer.refused(400, "INVALID_PAYLOAD");
            let message = answer.json()["errors"][0]["message"].clone();
            assert!(
                message.as_str().unwrap().contains(said),
                "{body}: {message}"
            );
        }
    }
    // JSON under that name is JSON.
    let body = json!({ "query": "{ __typename }" }).to_string();
    let answer = kw.post("/graphql").body("application/graphql", body).send();
    assert_eq!(answer.status, 200, "{answer:?}");
}
