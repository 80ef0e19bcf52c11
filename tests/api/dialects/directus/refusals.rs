//! Directus (seed D): how it says no, as exact texts. Where a word of the original
//! would echo what was sent, or its status misleads, the requirements decide: 405 for a
//! method, 413 for a body too large, 415 for a media type.

use keyward::service::accounts::administer;
use serde_json::{Value, json};

use super::send;
use crate::support::{Answer, PASSWORD, TestKeyward};

/// The text of a 400.
fn invalid(reason: &str) -> String {
    let quoted = reason.replace('"', "\\\"");
    format!(
        "{{\"errors\":[{{\"message\":\"Invalid payload. {quoted}.\",\
         \"extensions\":{{\"code\":\"INVALID_PAYLOAD\",\"reason\":\"{quoted}\"}}}}]}}"
    )
}

both!(d10_d11_d13_d18_a_body_that_sign_in_does_not_take, |kw| {
    kw.account("alice@example.com");
    let before = kw.state();
    let cases = [
        // D-11
        (r#"{"password":"x"}"#, "\"email\" is required"),
        ("{}", "\"email\" is required"),
        ("", "\"email\" is required"),
        (
            r#"{"email":"","password":"x"}"#,
            "\"email\" is not allowed to be empty",
        ),
        (
            r#"{"email":5,"password":"x"}"#,
            "\"email\" must be a string",
        ),
        (
            r#"{"email":null,"password":"x"}"#,
            "\"email\" must be a string",
        ),
        (
            r#"{"email":{"$gt":""},"password":"x"}"#,
            "\"email\" must be a string",
        ),
        (
            r#"{"email":"user1","password":"x"}"#,
            "\"email\" must be a valid email",
        ),
        (
            r#"{"email":"alice@exa mple.com","password":"x"}"#,
            "\"email\" must be a valid email",
        ),
        // D-13
        (
            r#"{"email":"alice@example.com"}"#,
            "\"password\" is required",
        ),
        (
            r#"{"email":"alice@example.com","password":""}"#,
            "\"password\" is not allowed to be empty",
        ),
        (
            r#"{"email":"alice@example.com","password":12345}"#,
            "\"password\" must be a string",
        ),
        (
            r#"{"email":"alice@example.com","password":["x"]}"#,
            "\"password\" must be a string",
        ),
        (
            r#"{"email":"alice@example.com","password":"x","otp":123456}"#,
            "\"otp\" must be a string",
        ),
        // D-18; "session" came after the seed.
        (
            r#"{"email":"alice@example.com","password":"x","mode":"header"}"#,
            "\"mode\" must be one of [cookie, json]",
        ),
        (
            r#"{"email":"alice@example.com","password":"x","mode":"session"}"#,
            "\"mode\" must be one of [cookie, json]",
        ),
        (
            r#"{"email":"alice@example.com","password":"x","mode":""}"#,
            "\"mode\" must be one of [cookie, json]",
        ),
        (
            r#"{"email":"alice@example.com","password":"x","mode":"JSON"}"#,
            "\"mode\" must be one of [cookie, json]",
        ),
        // D-10
        (
            "[]",
            "\"value\" must be of type object, and the body is an array",
        ),
        (
            "null",
            "\"value\" must be of type object, and the body is null",
        ),
        (
            r#""x""#,
            "\"value\" must be of type object, and the body is a string",
        ),
        (
            "{\"email\": \"a@b.co\",\n ",
            "The body is not valid JSON: it ends too early, at line 2 column 1",
        ),
        (
            "{",
            "The body is not valid JSON: it ends too early, at line 1 column 1",
        ),
    ];
    for (body, reason) in cases {
        let answer = send(kw, "/auth/login", body);
        answer.refused(400, "INVALID_PAYLOAD");
        assert_eq!(answer.body, invalid(reason), "{body}");
        assert!(answer.set_cookies().is_empty(), "{body}");
    }
    assert_eq!(kw.state(), before);
});

both!(d14_who_is_wrong_is_not_told, |kw| {
    kw.account("alice@example.com");
    let disabled = kw.account("disabled@example.com");
    administer::set_enabled(&kw.kw, disabled, false).unwrap();
    let before = kw.state();
    let expected = r#"{"errors":[{"message":"Invalid user credentials.","extensions":{"code":"INVALID_CREDENTIALS"}}]}"#;
    for (email, password) in [
        ("alice@example.com", "wrong"),
        ("alice@example.com", "Correct horse battery"),
        ("alice@example.com", "correct horse battery "),
        ("nobody@example.com", PASSWORD),
        ("disabled@example.com", PASSWORD),
        ("disabled@example.com", "wrong"),
    ] {
        for mode in ["json", "cookie"] {
            let body = json!({ "email": email, "password": password, "mode": mode });
            // Longer than any wait that failures before this one earned.
            kw.advance(1000);
            let answer = kw.post("/auth/login").json(&body).send();
            answer.refused(401, "INVALID_CREDENTIALS");
            assert_eq!(answer.body, expected, "{email} {password}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert!(answer.set_cookies().is_empty(), "{answer:?}");
        }
    }
    assert_eq!(kw.state(), before);
});

const NO_TOKEN: &str = "The refresh token is required in either the payload or cookie";

both!(d36_r21_a_refresh_token_that_is_none, |kw| {
    kw.signed_in("alice@example.com");
    let before = kw.state();
    for (value, reason) in [
        // Absent, as in the original.
        ("null", NO_TOKEN),
        ("12345", "\"refresh_token\" must be a string"),
        (r#"{"a":1}"#, "\"refresh_token\" must be a string"),
        (r#"["x"]"#, "\"refresh_token\" must be a string"),
        (r#""""#, NO_TOKEN),
    ] {
        for route in ["/auth/refresh", "/auth/logout"] {
            let answer = send(kw, route, &format!(r#"{{"refresh_token":{value}}}"#));
            answer.refused(400, "INVALID_PAYLOAD");
            assert_eq!(answer.body, invalid(reason), "{route} {value}");
        }
    }
    // An unknown mode is refused before anything is spent: 10.9.3 lost the token there.
    for route in ["/auth/refresh", "/auth/logout"] {
        let answer = send(kw, route, r#"{"mode":"header","refresh_token":"x"}"#);
        assert_eq!(
            answer.body,
            invalid("\"mode\" must be one of [cookie, json]")
        );
    }
    assert_eq!(kw.state(), before);
});

/// One refusal of each status that this face has.
fn refusals(kw: &TestKeyward) -> Vec<(u16, Answer)> {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let refresh = json!({ "refresh_token": refresh });
    for _ in 0..=60 {
        kw.post("/auth/refresh").json(&refresh).send();
    }
    let twice = format!("/users/me?access_token={access}");
    let long = "x".repeat(16 * 1024 + 1);
    [
        (400, kw.post("/auth/login")),
        (400, kw.get(&twice).bearer(&access)),
        (400, kw.get("/auth").header("host", "a").header("host", "b")),
        (401, kw.get("/users/me")),
        (401, kw.get("/users/me").bearer("garbage")),
        (401, kw.post("/auth/logout").bearer("garbage")),
        (
            403,
            kw.post("/auth/refresh")
                .cookie("x")
                .header("origin", "null"),
        ),
        (404, kw.get("/users")),
        (404, kw.get("/")),
        (405, kw.get("/auth/login")),
        (405, kw.put("/auth/login").json(&json!({}))),
        (405, kw.ask("HEAD", "/auth/login")),
        (405, kw.post("/users/me")),
        (
            413,
            kw.post("/auth/login")
                .body("application/json", long.as_str()),
        ),
        (414, kw.get(&format!("/users/me?x={long}"))),
        (415, kw.post("/auth/login").body("text/plain", "{}")),
        (415, kw.post("/auth/login").bare_body("{}")),
        (429, kw.post("/auth/refresh").json(&refresh)),
        (431, kw.get("/users/me").header("x-long", &long)),
    ]
    .map(|(status, ask)| (status, ask.send()))
    .into()
}

/// The SDK takes an answer for a refusal only with this media type, and reads
/// `errors[0].extensions.code`.
#[track_caller]
fn has_the_shape(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    let error = &body["errors"][0];
    let (message, extensions) = (&error["message"], &error["extensions"]);
    let mut expected = json!({ "code": extensions["code"] });
    if answer.status == 400 {
        expected["reason"] = extensions["reason"].clone();
    }
    assert_eq!(
        body,
        json!({ "errors": [{ "message": message, "extensions": expected }] })
    );
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    assert!(
        is_text(message) && is_text(&extensions["code"]),
        "{answer:?}"
    );
    assert!(extensions.get("reason").is_none_or(is_text), "{answer:?}");
}

#[test]
fn d42_every_refusal_has_one_shape() {
    let kw = TestKeyward::new();
    for (status, answer) in refusals(&kw) {
        assert_eq!(answer.status, status, "{answer:?}");
        has_the_shape(&answer);
        let challenged = answer.header("www-authenticate").is_some();
        assert_eq!(challenged, status == 401, "{answer:?}");
        assert!(answer.set_cookies().is_empty(), "{answer:?}");
    }
}

#[test]
fn d10_d42_what_is_not_there_in_the_words_of_the_original() {
    let kw = TestKeyward::new();
    let answer = kw.get("/users/nowhere").send();
    answer.refused(404, "ROUTE_NOT_FOUND");
    assert_eq!(
        answer.json()["errors"][0]["message"],
        "Route /users/nowhere doesn't exist."
    );
    let answer = kw.get("/auth/login").send();
    answer.refused(405, "METHOD_NOT_ALLOWED");
    assert_eq!(answer.header("allow"), Some("POST"));
}
