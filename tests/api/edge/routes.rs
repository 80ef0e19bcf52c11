//! The route table, walked: every row answers, every row that wants a token says so in
//! the shape of its dialect, other methods and paths are refused, and a dialect that is
//! switched off is not there.

use std::collections::BTreeSet;

use keyward::http::routes::{Group, Guard, Row, TABLE};
use serde_json::json;

use crate::support::{Answer, TestKeyward};

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND",
];

fn rows(group: &'static Group) -> impl Iterator<Item = (&'static Group, &'static Row)> {
    group.rows.iter().map(move |row| (group, row))
}

fn every_row() -> impl Iterator<Item = (&'static Group, &'static Row)> {
    TABLE.iter().flat_map(rows)
}

/// They spend something by GET, so they have no HEAD (threat X15).
const SPENDING: [&str; 2] = ["/auth/token", "/users/register/verify-email"];

/// The methods that a row is for. Where it is for GET it is for HEAD, except where a
/// GET spends something.
fn methods_of(row: &Row) -> Vec<&'static str> {
    match row.method {
        "ANY" => METHODS.to_vec(),
        "GET" if !SPENDING.contains(&row.path) => vec!["GET", "HEAD"],
        method => vec![method],
    }
}

/// Every method that a path has.
fn methods_at(path: &str) -> BTreeSet<&'static str> {
    every_row()
        .filter(|(_, row)| row.path == path)
        .flat_map(|(_, row)| methods_of(row))
        .collect()
}

/// A refusal in the shape of the path's dialect.
#[track_caller]
fn refused(answer: &Answer, path: &str, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{path}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    if path.starts_with("/v1/api/") {
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(names, ["code", "message"], "{path}");
        assert_eq!(body["code"], json!(status), "{path}");
    } else {
        assert_eq!(answer.code(), code, "{path}");
    }
}

#[test]
fn y03_h14_a_row_for_the_signed_in_answers_401_to_anybody_else() {
    let kw = TestKeyward::new();
    let mut walked = 0;
    for (_, row) in every_row().filter(|(_, row)| row.guard != Guard::Public) {
        for method in methods_of(row) {
            let answer = kw.ask(method, row.path).send();
            refused(&answer, row.path, 401, "INVALID_CREDENTIALS");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            let answer = kw.ask(method, row.path).bearer("garbage").send();
            refused(&answer, row.path, 401, "INVALID_TOKEN");
            walked += 1;
        }
    }
    assert!(walked > 10, "the walk found {walked} rows");
}

#[test]
fn every_row_for_the_signed_in_opens_to_a_live_token() {
    let kw = TestKeyward::new();
    // One who may administer too: this kind opens all of them.
    kw.add("alice@example.com", None, true);
    for (_, row) in every_row().filter(|(_, row)| row.guard != Guard::Public) {
        for method in methods_of(row) {
            // A fresh one each time: some of these end it.
            let token = kw.oisp_login("alice@example.com");
            let answer = kw.ask(method, row.path).bearer(&token).send();
            // Empty-handed some of them find fault with the body or the id, never with
            // the caller.
            let opened = matches!(answer.status, 200..=204 | 400 | 404);
            assert!(opened, "{method} {}: {answer:?}", row.path);
            // Of an account, a session or whatever else the path names, and not of the route.
            if answer.status != 404 || method == "HEAD" {
                continue;
            }
            if row.path.starts_with("/v1/api/") {
                // Of a user it has a code of its own.
                let code = answer.json()["code"].as_u64();
                assert!(matches!(code, Some(404 | 2404)), "{answer:?}");
                assert_ne!(answer.json()["message"], "Not Found", "{answer:?}");
            } else {
                assert_eq!(answer.code(), "NOT_FOUND");
            }
        }
    }
}

#[test]
fn every_public_row_is_reached_without_a_token() {
    let kw = TestKeyward::new();
    for (_, row) in every_row().filter(|(_, row)| row.guard == Guard::Public) {
        for method in methods_of(row) {
            let answer = kw.ask(method, row.path).send();
            // Empty-handed some of them find fault with the request, never with the route.
            let found = matches!(answer.status, 200 | 400 | 401);
            assert!(found, "{method} {}: {answer:?}", row.path);
        }
    }
}

#[test]
fn h8_another_method_is_405_and_told_which_ones_there_are() {
    let kw = TestKeyward::new();
    for (_, row) in every_row() {
        let there = methods_at(row.path);
        for method in METHODS.iter().filter(|method| !there.contains(*method)) {
            let answer = kw.ask(method, row.path).send();
            refused(&answer, row.path, 405, "METHOD_NOT_ALLOWED");
            let allow = answer.header("allow").unwrap();
            let allow: BTreeSet<&str> = allow.split(", ").collect();
            assert_eq!(allow, there, "{method} {}", row.path);
        }
    }
    // X15: the exchange spends something by GET, so it has no HEAD.
    assert!(!methods_at("/auth/token").contains("HEAD"));
}

#[test]
fn h8_an_unknown_path_is_404_by_any_method() {
    let kw = TestKeyward::new();
    for path in [
        "/",
        "/nowhere",
        "/auth/nowhere",
        "/auth/me/",
        "/AUTH/ME",
        "//auth/me",
        "/v1/api/nowhere",
        "/v1/api/auth/token/",
    ] {
        for method in METHODS {
            let answer = kw.ask(method, path).send();
            refused(&answer, path, 404, "ROUTE_NOT_FOUND");
        }
    }
    let answer = kw.get("/nowhere?access_token=secret").send();
    assert_eq!(
        answer.body,
        r#"{"errors":[{"message":"Route /nowhere doesn't exist.","extensions":{"code":"ROUTE_NOT_FOUND"}}]}"#
    );
}

// A person who opens the address in a browser is led to what there is to read. The place is a
// relative one: behind a proxy under /id/ the page is there.
#[test]
fn clients_61_who_opens_the_root_in_a_browser_is_led_to_the_docs() {
    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let kw = TestKeyward::new();
    for accept in [
        BROWSER,
        "application/json;q=0.4, Text/HTML;q=0.5",
        "application/json, text/html",
        // What is named wins over what merely would do as well.
        "text/html;q=0.1, */*",
    ] {
        let answer = kw.get("/").header("accept", accept).send();
        assert_eq!(answer.status, 303, "{answer:?}");
        assert_eq!(answer.header("location"), Some("docs"), "{answer:?}");
    }
    for accept in [
        "application/json",
        "*/*",
        "text/htmlx",
        "application/text/html",
        // RFC 9110 section 12.4.2: a weight of 0 refuses, and one that is none names nothing.
        "text/html;q=0",
        "text/html; Q=0.000",
        "text/html;q=0, */*",
        "text/html;q=2",
        "text/html;q=0.5, application/json",
    ] {
        let answer = kw.get("/").header("accept", accept).send();
        refused(&answer, "/", 404, "ROUTE_NOT_FOUND");
    }
    for (method, path) in [
        ("POST", "/"),
        ("GET", "/nowhere"),
        ("GET", "//"),
        ("GET", "/auth/"),
    ] {
        let answer = kw.ask(method, path).header("accept", BROWSER).send();
        refused(&answer, path, 404, "ROUTE_NOT_FOUND");
        assert_eq!(answer.header("location"), None, "{answer:?}");
    }
}

#[test]
fn a_dialect_that_is_switched_off_is_not_there() {
    for on in [
        "none",
        "directus",
        "oisp",
        "hypi",
        "directus,hypi",
        "haltian",
        "propeller",
    ] {
        let kw = TestKeyward::with(&[("KEYWARD_DIALECTS", on)]);
        for (group, row) in every_row() {
            let among = |names: &[&str]| on.split(',').any(|name| names.contains(&name));
            // Several peoples share it.
            let here = match row.path {
                "/graphql" => among(&["directus", "hypi", "propeller"]),
                "/graphql/system" => among(&["directus"]),
                _ => group.dialect.is_none() || among(&[group.name]),
            };
            let answer = kw.ask(methods_of(row)[0], row.path).send();
            if here {
                assert!(!matches!(answer.status, 404 | 405), "{on:?} {}", row.path);
            } else {
                refused(&answer, row.path, 404, "ROUTE_NOT_FOUND");
            }
        }
    }
}

/// Whoever could move the clock could bring ended tokens back.
#[test]
fn the_clock_is_moved_in_test_mode_only() {
    let (test, real) = (
        TestKeyward::new(),
        TestKeyward::with(&[("KEYWARD_PUBLIC_URL", "https://auth.example.com")]),
    );
    let advance = json!({ "advance": "15m" });
    let answer = test.post("/test/clock").json(&advance).send();
    assert_eq!(answer.body, r#"{"now":"2026-01-01T00:15:00.000Z"}"#);
    assert_eq!(test.get("/test/clock").send().body, answer.body);
    for ask in [
        real.get("/test/clock"),
        real.post("/test/clock").json(&advance),
    ] {
        refused(&ask.send(), "/test/clock", 404, "ROUTE_NOT_FOUND");
    }
    assert_eq!(real.kw.clock.now().iso(), "2026-01-01T00:00:00.000Z");
}

/// Another spelling of a path is the same path: for the limits, for preflights, for the
/// shape of a refusal, as it is for the route that it leads to.
#[test]
fn b9_f16_percent_signs_hide_no_path() {
    let kw = TestKeyward::with(&[("KEYWARD_ALLOWED_ORIGINS", "https://app.example.com")]);
    for (method, path, plain, status, code) in [
        (
            "GET",
            "/auth/%74oken",
            "/auth/token",
            401,
            "INVALID_CREDENTIALS",
        ),
        (
            "GET",
            "/%761/api/nope",
            "/v1/api/nope",
            404,
            "ROUTE_NOT_FOUND",
        ),
        (
            "GET",
            "/v1/%61pi/auth/token",
            "/v1/api/auth/token",
            405,
            "METHOD_NOT_ALLOWED",
        ),
        (
            "PUT",
            "/%761/api/auth/me",
            "/v1/api/auth/me",
            401,
            "INVALID_CREDENTIALS",
        ),
    ] {
        refused(&kw.ask(method, path).send(), plain, status, code);
    }
    let long = format!("/%761/api/auth/me?{}", "a".repeat(9_000));
    refused(
        &kw.get(&long).send(),
        "/v1/api/auth/me",
        414,
        "URI_TOO_LONG",
    );
    for origin in ["https://app.example.com", "https://evil.io"] {
        let ask = kw.ask("OPTIONS", "/auth/%76erify").header("origin", origin);
        let answer = ask.header("access-control-request-method", "POST").send();
        refused(&answer, "/auth/verify", 401, "INVALID_CREDENTIALS");
    }
    // An exchange spends something, so it is counted however it is spelt.
    let exchange = || kw.get("/auth/%74oken").peer("203.0.113.9").send().status;
    assert!((0..1000).any(|_| exchange() == 429));
}
