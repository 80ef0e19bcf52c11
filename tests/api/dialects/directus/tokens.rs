//! Directus (seed D): an access token goes in the header or in `?access_token=`, on
//! every protected route of every face; never in both.

use serde_json::json;

use crate::support::{Ask, Forge, TestKeyward, text};

/// Every route that takes an access token, with the status that it answers to a good
/// one. Signing out comes last: it ends the session.
const ROUTES: [(&str, &str, u16); 6] = [
    ("GET", "/auth/me", 200),
    ("GET", "/users/me", 200),
    ("GET", "/auth/verify", 200),
    ("GET", "/v1/api/auth/me", 200),
    ("GET", "/v1/api/auth/tokenInfo", 200),
    ("POST", "/auth/logout", 204),
];

fn by_query<'a>(kw: &'a TestKeyward, method: &str, path: &str, token: &str) -> Ask<'a> {
    kw.ask(method, &format!("{path}?access_token={token}"))
}

both!(d05_d06_d07_header_and_query_give_the_same_answer, |kw| {
    kw.account("alice@example.com");
    for (method, path, status) in ROUTES {
        let fresh = || text(&kw.login("alice@example.com"), "access_token");
        let (a, b) = (fresh(), fresh());
        let by_header = kw.ask(method, path).bearer(&a).send();
        // The same token, or another where the first one is dead now.
        let token = if status == 204 { &b } else { &a };
        let by_query = by_query(kw, method, path, token).send();
        assert_eq!(
            (by_header.status, by_query.status),
            (status, status),
            "{path}"
        );
        assert_eq!(by_header.body, by_query.body, "{path}");
        for name in ["remote-user", "x-keyward-session"] {
            assert_eq!(by_header.header(name), by_query.header(name), "{path}");
        }
    }
});

both!(d06_the_scheme_in_any_letter_case_and_nothing_else, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    let me = |header: &str| kw.get("/auth/me").header("authorization", header).send();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(me(&format!("{scheme} {access}")).status, 200, "{scheme}");
    }
    // As if there were no token.
    for header in [
        format!("Bearer\t{access}"),
        format!("Basic {access}"),
        format!("Bearer{access}"),
        access.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        String::new(),
    ] {
        me(&header).refused(401, "INVALID_CREDENTIALS");
    }
    let answer = kw.get("/auth/me?access_token=").send();
    answer.refused(401, "INVALID_CREDENTIALS");
});

both!(d08_both_at_once_are_refused, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    let other = text(&kw.login("alice@example.com"), "access_token");
    let before = kw.state();
    for (method, path, _) in ROUTES {
        for query in [&access, &other] {
            let answer = by_query(kw, method, path, query).bearer(&access).send();
            // Of a 400 a proxy that asks would make an error of its own (semantics 8).
            let status = if path == "/auth/verify" { 401 } else { 400 };
            assert_eq!(answer.status, status, "{path}");
            let expected = if path.starts_with("/v1/api/") {
                r#"{"code":400,"message":"Invalid request"}"#
            } else {
                r#"{"errors":[{"message":"Invalid payload. The request uses more than one method for including an access token.","extensions":{"code":"INVALID_PAYLOAD","reason":"The request uses more than one method for including an access token"}}]}"#
            };
            assert_eq!(answer.body, expected, "{path}");
        }
    }
    assert_eq!(kw.state(), before);
});

both!(d09_a_bad_or_expired_token_by_either_way, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let forge = Forge::ours();
    let past = [("iat", json!(1_767_220_000)), ("exp", json!(1_767_220_900))];
    let expired = forge.sign(&forge.header(), &Forge::with(&access, &past));
    let elsewhere = [("iss", json!("https://other.example.com"))];
    let foreign = forge.sign(&forge.header(), &Forge::with(&access, &elsewhere));
    let unsigned = access.rsplit_once('.').unwrap().0;
    let before = kw.state();
    for (token, code, message, challenge) in [
        (
            "garbage",
            "INVALID_TOKEN",
            "Invalid token.",
            "invalid_token",
        ),
        (
            "aaaa.bbbb.cccc",
            "INVALID_TOKEN",
            "Invalid token.",
            "invalid_token",
        ),
        (
            &format!("{unsigned}."),
            "INVALID_TOKEN",
            "Invalid token.",
            "invalid_token",
        ),
        (&foreign, "INVALID_TOKEN", "Invalid token.", "invalid_token"),
        (&refresh, "INVALID_TOKEN", "Invalid token.", "invalid_token"),
        (
            &expired,
            "TOKEN_EXPIRED",
            "Token expired.",
            "The access token expired",
        ),
    ] {
        for (method, path, _) in ROUTES {
            let by_header = kw.ask(method, path).bearer(token).send();
            let by_query = by_query(kw, method, path, token).send();
            let expected = if path.starts_with("/v1/api/") {
                r#"{"code":401,"message":"Not Authorized"}"#.to_owned()
            } else {
                format!(
                    "{{\"errors\":[{{\"message\":\"{message}\",\
                     \"extensions\":{{\"code\":\"{code}\"}}}}]}}"
                )
            };
            for answer in [by_header, by_query] {
                assert_eq!(
                    (answer.status, &answer.body),
                    (401, &expected),
                    "{path} {token}"
                );
                // RFC 6750 section 3 (decision 13).
                let told = answer.header("www-authenticate").unwrap();
                assert!(told.starts_with("Bearer error=\"invalid_token\""), "{told}");
                assert!(told.contains(challenge), "{told}");
            }
        }
    }
    assert_eq!(kw.state(), before);
});
