//! How a request may come, and how far it may go.

use std::fmt::Write as _;

use serde_json::json;

use crate::graphql::{ALICE, LOGIN, OPEN, alice, code};
use crate::support::{PASSWORD, TestKeyward, WRONG};

const VIEWER: &str = "{ viewer { id email } }";

// What the library can not read without falling over is read for it, or refused in words.
#[test]
fn x_documents_that_the_library_falls_over_are_read_or_refused() {
    let kw = TestKeyward::new();
    let before = kw.state();
    let odd = "mutation { auth_logout(refresh_token: \"\"\"\n x\n\u{a0}y\"\"\") }";
    let answer = kw.asks("/graphql", odd, None);
    assert_eq!(answer.body, r#"{"data":{"auth_logout":true}}"#);
    for (path, field) in [
        ("/graphql", "startSession { session { accessToken } }"),
        ("/v1/graphql", "logout { success }"),
    ] {
        let skips = |declared: &str| {
            format!("mutation($x: {declared}) {{ {field} __typename @skip(if: $x) }}")
        };
        for (declared, variables) in [
            ("Boolean = null", json!({})),
            ("Boolean = null", json!({ "x": null })),
            ("Boolean = true", json!({ "x": null })),
            ("Boolean! = true", json!({ "x": null })),
            ("Boolean!", json!({ "x": null })),
            ("Boolean!", json!({})),
            ("Boolean", json!({ "x": true })),
            ("Boolean!", json!({ "x": "true" })),
            ("String", json!({ "x": "true" })),
        ] {
            let body = json!({ "query": skips(declared), "variables": variables });
            let answer = kw.asks_with(path, &body, None);
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(
                code(&answer.json()),
                "GRAPHQL_VALIDATION_FAILED",
                "{answer:?}"
            );
            assert_eq!(answer.json().get("data"), None);
        }
    }
    assert_eq!(kw.state(), before);
    let document = "query($x: Boolean = true) { __typename @skip(if: $x) a: __typename }";
    for (variables, data) in [
        (json!({}), json!({ "a": "Query" })),
        (json!(null), json!({ "a": "Query" })),
        (
            json!({ "x": false }),
            json!({ "__typename": "Query", "a": "Query" }),
        ),
    ] {
        let body = json!({ "query": document, "variables": variables });
        let answer = kw.asks_with("/graphql", &body, None);
        assert_eq!(answer.json()["data"], data, "{answer:?}");
    }
}

both!(p07_curl_says_form_and_sends_json, |kw| {
    let (token, _) = alice(kw);
    let body = json!({ "query": VIEWER }).to_string();
    for content_type in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/graphql+json",
        "application/json; charset=utf-16",
    ] {
        let ask = kw.post("/graphql").header("accept", "application/json");
        let answer = ask.bearer(&token).body(content_type, body.clone()).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["data"]["viewer"]["email"], json!(ALICE));
    }
    let answer = kw.post("/graphql").bearer(&token).bare_body(body).send();
    assert_eq!(answer.json()["data"]["viewer"]["email"], json!(ALICE));
});

both!(
    d05_d06_d07_d08_p01_a_token_comes_by_either_way_and_once,
    |kw| {
        let (token, _) = alice(kw);
        let body = json!({ "query": VIEWER });
        let by_query = format!("/graphql?access_token={token}");
        let answer = kw.post(&by_query).json(&body).send();
        assert_eq!(answer.json()["data"]["viewer"]["email"], json!(ALICE));
        let answer = kw.post(&by_query).bearer(&token).json(&body).send();
        assert_eq!(code(&answer.json()), "INVALID_PAYLOAD");
        assert_eq!(code(&kw.graphql(VIEWER, None)), "INVALID_CREDENTIALS");
        assert_eq!(code(&kw.graphql(VIEWER, Some("junk"))), "INVALID_TOKEN");
        kw.advance(906);
        assert_eq!(code(&kw.graphql(VIEWER, Some(&token))), "TOKEN_EXPIRED");
    }
);

#[test]
fn no_cookie_is_a_credential_and_none_is_set() {
    let kw = TestKeyward::new();
    let (_, cookie) = kw.signed_in_by_cookie(ALICE);
    let before = kw.state();
    let logout = "mutation { auth_logout }";
    let refresh = "mutation { auth_refresh { access_token } }";
    for document in [VIEWER, logout, refresh, "mutation { logout { success } }"] {
        let ask = kw.post("/graphql").cookie(&cookie);
        let answer = ask.json(&json!({ "query": document })).send();
        assert!(!answer.json()["errors"].is_null(), "{document}: {answer:?}");
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
    assert_eq!(kw.state(), before);
}

/// JSON under any media type is what a form can send.
#[test]
fn c1_c2_c3_a_page_of_another_site_asks_nothing() {
    let kw = TestKeyward::with(&[("KEYWARD_ALLOWED_ORIGINS", "https://app.example.com")]);
    kw.account(ALICE);
    let body = json!({ "query": LOGIN, "variables": { "email": ALICE, "password": PASSWORD } });
    let before = kw.state();
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
    ] {
        for path in ["/graphql", "/v1/graphql"] {
            let ask = kw.post(path).header(name, value);
            let answer = ask.body("text/plain", body.to_string()).send();
            answer.refused(403, "FORBIDDEN");
        }
    }
    assert_eq!(kw.state(), before);
    let ask = kw
        .post("/graphql")
        .header("origin", "https://app.example.com");
    let answer = ask
        .header("sec-fetch-site", "cross-site")
        .json(&body)
        .send();
    assert_eq!(answer.json().get("errors"), None, "{answer:?}");
}

// An extension asks for a page of no site, and its origin is on the list.
#[test]
fn graphql_05_a_listed_origin_passes_whatever_its_site_is() {
    const EXTENSION: &str = "chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai";
    let kw = TestKeyward::with(&[
        ("KEYWARD_ALLOWED_ORIGINS", EXTENSION),
        ("KEYWARD_GUESTS", "on"),
    ]);
    let body = json!({ "query": "{ __typename }" });
    let ask = |path: &str, said: &[(&'static str, &str)]| {
        let ask = kw.post(path);
        let ask = said
            .iter()
            .fold(ask, |ask, (name, value)| ask.header(name, value));
        match path {
            "/auth/anonymous" => ask.json(&json!({})).send(),
            _ => ask.json(&body).send(),
        }
    };
    for path in ["/graphql", "/v1/graphql", "/auth/anonymous"] {
        for site in ["none", "cross-site", "same-site", "same-origin"] {
            let answer = ask(path, &[("origin", EXTENSION), ("sec-fetch-site", site)]);
            assert_eq!(answer.status, 200, "{path} {site}: {answer:?}");
        }
        let other = [
            ("origin", "chrome-extension://other"),
            ("sec-fetch-site", "none"),
        ];
        let answer = ask(path, &other);
        answer.refused(403, "FORBIDDEN");
        assert!(answer.body.contains("does not list it"), "{answer:?}");
        // Without an origin no list is the reason.
        for site in ["none", "cross-site", "same-site"] {
            let answer = ask(path, &[("sec-fetch-site", site)]);
            answer.refused(403, "FORBIDDEN");
            assert!(answer.body.contains("there is no Origin"), "{answer:?}");
            assert!(!answer.body.contains("list"), "{answer:?}");
        }
    }
}

#[test]
fn h37_there_is_no_get_and_no_playground() {
    let kw = TestKeyward::new();
    let answer = kw.get("/v1/graphql?query={__typename}").send();
    answer.refused(405, "METHOD_NOT_ALLOWED");
    assert_eq!(answer.header("allow"), Some("POST"));
    for path in ["/graphql", "/graphql/system"] {
        let answer = kw.get(path).header("accept", "text/html").send();
        answer.refused(400, "INVALID_PAYLOAD");
    }
    kw.get("/schema.graphql")
        .send()
        .refused(404, "ROUTE_NOT_FOUND");
}

#[test]
fn what_is_no_request_is_refused_before_anything_is_read() {
    let kw = TestKeyward::new();
    for body in [
        "[{\"query\":\"{__typename}\"}]",
        "{}",
        "{\"query\":5}",
        "{\"query\":\"\"}",
        "{\"query\":\"{__typename}\",\"variables\":[]}",
        "{\"query\":\"{__typename}\",\"operationName\":5}",
        "{\"query\":\"{__typename}\",\"variables\":\"\"}",
        "{\"query\":\"{__typename}\",\"variables\":\"{}\"}",
        "{\"query\":\"{__typename}\",\"variables\":5}",
        "{\"query\":null}",
        "{\"query\":\"query($a: X) {__typename}\",\"variables\":{\"a\":{\"b c\":1}}}",
        "{\"query\":\"{__typename}\",\"query\":\"{__typename}\"}",
        "query { __typename }",
    ] {
        let answer = kw.post("/graphql").body("application/json", body).send();
        answer.refused(400, "INVALID_PAYLOAD");
    }
    let gzip = kw.post("/graphql").header("content-encoding", "gzip");
    let answer = gzip.body("application/json", "{}").send();
    answer.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    let large = format!("{{\"query\":\"{{ {} }}\"}}", "x".repeat(17_000));
    let answer = kw.post("/graphql").body("application/json", large).send();
    answer.refused(413, "CONTENT_TOO_LARGE");
}

#[test]
fn members_that_clients_add_are_passed_over_and_an_empty_name_is_none() {
    let kw = TestKeyward::new();
    let body = json!({
        "query": "query A { __typename }",
        "operationName": "",
        "variables": null,
        "extensions": { "clientLibrary": { "name": "@apollo/client" } },
        "id": 1,
    });
    let answer = kw.asks_with("/graphql", &body, None);
    assert_eq!(answer.body, r#"{"data":{"__typename":"Query"}}"#);
    let two = "query A { __typename } mutation B { __typename }";
    let body = json!({ "query": two, "operationName": "B" });
    let answer = kw.asks_with("/graphql", &body, None);
    assert_eq!(answer.body, r#"{"data":{"__typename":"Mutation"}}"#);
}

#[test]
fn a_document_is_bounded_in_depth_fields_and_words() {
    let kw = TestKeyward::new();
    let deep = format!("{{ viewer {}{} }}", "{ id ".repeat(30), "}".repeat(30));
    let mut wide = String::new();
    for number in 0..301 {
        write!(wide, " a{number}: __typename").unwrap();
    }
    let long = format!("{{ account(x: [{}]) {{ username }} }}", "1 ".repeat(2000));
    let mut bomb = "{ ...a0 }".to_owned();
    for number in 0..14 {
        let next = number + 1;
        write!(
            bomb,
            " fragment a{number} on Query {{ ... {{ ...a{next} ...a{next} }} }}"
        )
        .unwrap();
    }
    bomb.push_str(" fragment a14 on Query { __typename }");
    for (document, said) in [
        (deep, "The document is nested deeper than 20 levels."),
        (
            format!("{{ {wide} }}"),
            "The document asks for more than 300 fields.",
        ),
        (long, "The document holds more than 2000 words and signs."),
        (bomb, "The document is nested deeper than 20 levels."),
        (
            format!("{{ account(x: {}", "[".repeat(10_000)),
            "The document holds more than 2000 words and signs.",
        ),
    ] {
        let body = kw.graphql(&document, None);
        assert_eq!(body["errors"][0]["message"], json!(said));
        assert_eq!(code(&body), "GRAPHQL_PARSE_FAILED");
        assert_eq!(body.get("data"), None, "nothing was carried out");
    }
}

/// Each is carried out as often as it stands there, under one name too.
#[test]
fn fields_of_a_root_and_walks_over_the_schema_are_bounded() {
    let kw = TestKeyward::new();
    let (token, _) = alice(&kw);
    let acts = "A document may ask for 16 fields of a root.";
    let walks = "A document may ask for the schema 2 times.";
    let schema = "__schema { queryType { name } }";
    for (document, said) in [
        (format!("{{ {} }}", "viewer { id } ".repeat(16)), None),
        (format!("{{ {} }}", "viewer { id } ".repeat(17)), Some(acts)),
        (
            format!(
                "{{ {} }} fragment a on Query {{ viewer {{ id }} viewer {{ id }} }}",
                "...a ".repeat(9)
            ),
            Some(acts),
        ),
        (
            format!(
                "query A {{ __typename }} query B {{ {} }}",
                "... on Query { viewer { id } } ".repeat(17)
            ),
            Some(acts),
        ),
        (format!("{{ {} }}", "__typename ".repeat(33)), None),
        (format!("{{ {schema} {schema} }}"), None),
        (
            format!("{{ {schema} a: {schema} __type(name: \"User\") {{ name }} }}"),
            Some(walks),
        ),
    ] {
        let body = json!({ "query": document, "operationName": document.starts_with("query").then_some("A") });
        let body = kw.asks_with("/graphql", &body, Some(&token)).json();
        match said {
            None => assert_eq!(body.get("errors"), None, "{body}"),
            Some(said) => {
                assert_eq!(body["errors"][0]["message"], json!(said));
                assert_eq!(code(&body), "GRAPHQL_VALIDATION_FAILED");
                assert_eq!(body.get("data"), None);
            }
        }
    }
}

// Aliases would make one request of a thousand guesses (B1).
both!(a_document_signs_in_once, |kw| {
    kw.account(ALICE);
    let guess = |name: &str, password: &str| {
        format!(
            "{name}: auth_login(email: \"{ALICE}\", password: \"{password}\") {{ access_token }}"
        )
    };
    let document = format!(
        "mutation {{ {} {} {} }}",
        guess("a", WRONG),
        guess("b", PASSWORD),
        guess("c", PASSWORD)
    );
    let body = kw.graphql(&document, None);
    assert_eq!(body.get("data"), None, "none of them is carried out");
    assert_eq!(code(&body), "INVALID_PAYLOAD");
    let token =
        kw.graphql_login(ALICE, PASSWORD)["data"]["login"]["session"]["accessToken"].clone();
    let tried = "{ account { attempts { succeeded } } }";
    let account = kw.field(tried, token.as_str(), "account");
    let tried: Vec<_> = account["attempts"].as_array().unwrap().iter().collect();
    assert_eq!(
        tried.len(),
        1,
        "no guess of three, and the sign-in: {account}"
    );
    // In fragments and queries, too.
    let body = kw.graphql(
        &format!(
            "{{ a: login(username: \"{ALICE}\", password: \"{WRONG}\") {{ errorCode }} ...b }} \
             fragment b on Query {{ b: login(username: \"{ALICE}\", password: \"{WRONG}\") {{ errorCode }} }}"
        ),
        None,
    );
    assert_eq!(code(&body), "INVALID_PAYLOAD");
    assert_eq!(body.get("data"), None, "{body}");
});

// Where one of two failed, null went up to the whole answer and nobody learnt of the other.
both!(graphql_08_of_several_changes_none_is_done, OPEN, |kw| {
    kw.account(ALICE);
    let before = (kw.state(), kw.mails().len());
    let login = format!(
        "login(input: {{ email: \"{ALICE}\", password: \"{PASSWORD}\" }}) {{ session {{ accessToken }} }}"
    );
    let start = "startSession { session { accessToken } }";
    for document in [
        format!("mutation {{ a: {start} b: {start} }}"),
        format!("mutation {{ {start} {start} }}"),
        format!("mutation {{ {start} {login} }}"),
        format!("mutation {{ {start} ...f }} fragment f on Mutation {{ {login} }}"),
        format!("mutation {{ ...f a: __typename ...f }} fragment f on Mutation {{ {start} }}"),
        format!("mutation {{ ... {{ {start} }} ... on Mutation {{ {login} }} }}"),
        format!("mutation($x: Boolean = true) {{ {start} ... @include(if: $x) {{ a: {start} }} }}"),
        format!("query A {{ __typename }} mutation B {{ {start} auth_logout }}"),
    ] {
        let body =
            json!({ "query": document, "operationName": document.contains("B {").then_some("B") });
        let body = kw.asks_with("/graphql", &body, None).json();
        assert_eq!(code(&body), "INVALID_PAYLOAD", "{document}: {body}");
        assert_eq!(body.get("data"), None, "{document}");
        let said = body.to_string();
        assert!(said.contains("documents of their own"), "{body}");
    }
    assert_eq!((kw.state(), kw.mails().len()), before);
    // What is left out is not counted.
    for document in [
        format!("mutation {{ {start} ... @skip(if: true) {{ a: {start} }} }}"),
        format!(
            "mutation($x: Boolean = false) {{ ...f @include(if: $x) {start} }} fragment f on Mutation {{ {login} }}"
        ),
        format!("mutation A {{ {start} }} query B {{ __typename }}"),
    ] {
        let body =
            json!({ "query": document, "operationName": document.contains("B {").then_some("B") });
        let body = kw.asks_with("/graphql", &body, None).json();
        assert_eq!(body.get("errors"), None, "{document}: {body}");
    }
});

#[test]
fn a_status_means_something_under_the_media_type_of_graphql_alone() {
    let kw = TestKeyward::new();
    let of_graphql = "application/graphql-response+json";
    let both = format!("{of_graphql}, application/json;q=0.9");
    for (accept, document, status, declared) in [
        (both.as_str(), "{ nothing }", 400, of_graphql),
        (both.as_str(), "{", 400, of_graphql),
        (of_graphql, "{ __typename }", 200, of_graphql),
        (of_graphql, VIEWER, 200, of_graphql),
        ("application/json", "{ nothing }", 200, "application/json"),
        ("application/*", "{ nothing }", 200, "application/json"),
        ("text/html", "{ nothing }", 200, "application/json"),
        (
            "application/graphql-response+json;q=0.9, application/json;q=1",
            "{ nothing }",
            200,
            "application/json",
        ),
        (
            "application/json;q=0.5, application/graphql-response+json;q=0.6",
            "subscription { nothing }",
            400,
            of_graphql,
        ),
        // Data that is null is an answer, too.
        (
            of_graphql,
            "mutation { login(input: { email: \"a@b.co\", password: \"x\" }) { session { email } } }",
            200,
            of_graphql,
        ),
        (
            of_graphql,
            "query A { __typename } query B { __typename }",
            400,
            of_graphql,
        ),
        (
            of_graphql,
            "query($x: Int!) { account { emails(first: $x) { value } } }",
            400,
            of_graphql,
        ),
        ("*/*", "{ nothing }", 200, "application/json"),
        (
            "application/graphql-response+json;q=0, */*",
            "{ nothing }",
            200,
            "application/json",
        ),
    ] {
        let ask = kw.post("/graphql").header("accept", accept);
        let answer = ask.json(&json!({ "query": document })).send();
        assert_eq!(answer.status, status, "{accept} {document}");
        let content_type = answer.header("content-type").unwrap();
        assert_eq!(content_type.split(';').next(), Some(declared));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn attack_m2_a_full_password_lane_is_said_and_counts_nothing() {
    let kw = TestKeyward::with(&[("KEYWARD_PASSWORD_THREADS", "1")]);
    kw.account(ALICE);
    let mut seats = Vec::new();
    while let Some(seat) = kw.kw.lane.seat() {
        seats.push(seat);
    }
    let body = json!({ "query": LOGIN, "variables": { "email": ALICE, "password": PASSWORD } });
    let answer = kw.asks_with("/graphql", &body, None);
    assert_eq!(code(&answer.json()), "SERVICE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), Some("1"));
    drop(seats);
    let login = kw.graphql_login(ALICE, PASSWORD);
    assert_eq!(login.get("errors"), None, "its seat came back: {login}");
}
