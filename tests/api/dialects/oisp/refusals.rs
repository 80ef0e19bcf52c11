//! Intel / OISP (seed O): how it says no, `{"code","message"}` with the status as the
//! code, on every refusal below `/v1/api/`; and what the original's SDK asks besides.

use keyward::service::accounts::administer;
use serde_json::{Value, json};

use crate::dialects::directus::send;
use crate::support::{Answer, Ask, Forge, PASSWORD, TestKeyward, text};

const TOKEN: &str = "/v1/api/auth/token";
const ME: &str = "/v1/api/auth/me";
const REFRESH: &str = "/v1/api/auth/refresh";

const DENIED: &str = r#"{"code":401,"message":"Not Authorized"}"#;
const INVALID: &str = r#"{"code":400,"message":"Invalid request"}"#;

#[track_caller]
fn says(answer: &Answer, status: u16, body: &str) {
    assert_eq!((answer.status, answer.body.as_str()), (status, body));
}

both!(o28_wrong_credentials_whatever_is_wrong_with_them, |kw| {
    kw.account("alice@example.com");
    let disabled = kw.account("disabled@example.com");
    administer::set_enabled(&kw.kw, disabled, false).unwrap();
    let before = kw.state();
    for (username, password) in [
        ("alice@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("nobody", PASSWORD),
        ("disabled@example.com", PASSWORD),
        // What can be no identifier is told nothing either.
        ("a b", PASSWORD),
        ("@", PASSWORD),
        ("alice@example.com", "a\0b"),
    ] {
        let body = json!({ "username": username, "password": password });
        let answer = kw.post(TOKEN).json(&body).send();
        says(&answer, 401, DENIED);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(kw.state(), before);
});

both!(o29_a_body_with_more_less_or_something_else, |kw| {
    kw.account("alice@example.com");
    let before = kw.state();
    let right = format!(r#""username":"alice@example.com","password":"{PASSWORD}""#);
    for body in [
        "",
        "{}",
        r#"{"username":"alice@example.com"}"#,
        r#"{"password":"x"}"#,
        r#"{"username":"","password":"x"}"#,
        r#"{"username":"alice@example.com","password":""}"#,
        r#"{"username":5,"password":"x"}"#,
        r#"{"username":"alice@example.com","password":null}"#,
        r#"{"email":"alice@example.com","password":"x"}"#,
        &format!(r#"{{{right},"remember":true}}"#),
        &format!(r#"{{{right},"mode":"cookie"}}"#),
        &format!(r#"{{{right},"otp":123456}}"#),
        "[]",
        "null",
    ] {
        let answer = send(kw, TOKEN, body);
        says(&answer, 400, INVALID);
        assert!(answer.set_cookies().is_empty(), "{body}");
    }
    assert_eq!(kw.state(), before);
    assert_eq!(send(kw, TOKEN, &format!("{{{right}}}")).status, 200);
});

both!(o29_a_body_that_can_not_be_read_is_told_why, |kw| {
    kw.account("alice@example.com");
    let before = kw.state();
    for (body, why) in [
        (
            r#"{"username":"#,
            "The body is not valid JSON: it ends too early, at line 1 column 12",
        ),
        (
            r#"{"password":1,"password":2}"#,
            r#"The body has a name twice: \"password\""#,
        ),
    ] {
        let told = format!(r#"{{"code":400,"message":"Invalid request. {why}."}}"#);
        says(&send(kw, TOKEN, body), 400, &told);
    }
    assert_eq!(kw.state(), before);
});

/// One refusal of each status that this face has, with the words of those that have
/// words of their own.
fn refusals(kw: &TestKeyward) -> Vec<(Answer, u16, &'static str)> {
    let (standard, _) = kw.signed_in("alice@example.com");
    let twice = format!("{ME}?access_token={standard}");
    let long = "x".repeat(16 * 1024 + 1);
    let json = "Send the body with the header Content-Type: application/json.";
    let by_post = "That method is not allowed here: this path is asked by POST.";
    let by_get = "That method is not allowed here: this path is asked by HEAD, GET.";
    let by_three = "That method is not allowed here: this path is asked by HEAD, GET, PUT, DELETE.";
    let refresh = "This kind of token gives no refresh token.";
    let cases: [(Ask, u16, &'static str); 19] = [
        (kw.post(TOKEN), 400, "Invalid request"),
        (kw.get(&twice).bearer(&standard), 400, "Invalid request"),
        (
            kw.get(ME).header("host", "a").header("host", "b"),
            400,
            "Invalid request",
        ),
        (kw.get(ME), 401, "Not Authorized"),
        (kw.get(ME).bearer("garbage"), 401, "Not Authorized"),
        (kw.delete(ME).bearer("garbage"), 401, "Not Authorized"),
        (kw.post(REFRESH).bearer(&standard), 403, refresh),
        (kw.get("/v1/api/nowhere"), 404, "Not Found"),
        (kw.get("/v1/api/"), 404, "Not Found"),
        (kw.get("/v1/api/auth/me/more"), 404, "Not Found"),
        (kw.get(TOKEN), 405, by_post),
        (kw.ask("HEAD", TOKEN), 405, by_post),
        (kw.post(ME), 405, by_three),
        (kw.put("/v1/api/auth/tokenInfo"), 405, by_get),
        (
            kw.post(TOKEN).body("application/json", long.as_str()),
            413,
            "The body is larger than 16 KiB.",
        ),
        (
            kw.get(&format!("{ME}?x={long}")),
            414,
            "The address is longer than 8 KiB.",
        ),
        (kw.post(TOKEN).body("text/plain", "{}"), 415, json),
        (kw.post(TOKEN).bare_body("{}"), 415, json),
        (
            kw.get(ME).header("x-long", &long),
            431,
            "The headers are larger than 16 KiB.",
        ),
    ];
    cases
        .map(|(ask, status, message)| (ask.send(), status, message))
        .into()
}

#[test]
fn o01_o28_o29_every_refusal_has_one_shape() {
    let kw = TestKeyward::new();
    for (answer, status, message) in refusals(&kw) {
        let expected = json!({ "code": status, "message": message });
        says(&answer, status, &expected.to_string());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let challenged = answer.header("www-authenticate").is_some();
        assert_eq!(challenged, status == 401, "{answer:?}");
    }
    let allow = |method: &str, path: &str| {
        let answer = kw.ask(method, path).send();
        answer.header("allow").unwrap().to_owned()
    };
    assert_eq!(allow("GET", TOKEN), "POST");
    assert_eq!(allow("POST", ME), "HEAD, GET, PUT, DELETE");
    assert_eq!(allow("GET", REFRESH), "POST, PUT");
    assert_eq!(allow("POST", "/v1/api/auth/tokenInfo"), "HEAD, GET");
}

both!(o32_refreshing_as_the_sdk_does, |kw| {
    kw.account("alice@example.com");
    let token = kw.oisp_login("alice@example.com");
    let answer = kw.post(REFRESH).bearer(&token).send();
    let refresh = text(&answer.json(), "refreshToken");
    assert_eq!(answer.body, json!({ "refreshToken": refresh }).to_string());

    // The old token stands beside it, and may have ended.
    kw.advance(86_400 + 3600);
    let body = json!({ "refreshToken": refresh });
    let answer = kw.put(REFRESH).bearer(&token).json(&body).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    let (jwt, next) = (
        text(&answer.json(), "jwt"),
        text(&answer.json(), "refreshToken"),
    );
    assert_eq!(
        answer.body,
        json!({ "jwt": jwt, "refreshToken": next }).to_string()
    );
    assert_eq!(answer.header("x-keyward-refresh"), Some("fresh"));
    assert_ne!(next, refresh);
    assert_eq!(kw.get(ME).bearer(&jwt).send().status, 200);
    let claims = Forge::claims_of(&jwt);
    assert_eq!(
        claims["exp"].as_i64(),
        claims["iat"].as_i64().map(|at| at + 86_400)
    );
    assert_eq!(claims["cls"], Value::from("oisp"));
    assert_eq!(kw.generation_of(&jwt), 1);
});

both!(o32_the_two_tokens_must_belong_together, |kw| {
    kw.account("alice@example.com");
    let (token, other) = (
        kw.oisp_login("alice@example.com"),
        kw.oisp_login("alice@example.com"),
    );
    let refresh = text(
        &kw.post(REFRESH).bearer(&token).send().json(),
        "refreshToken",
    );
    let before = kw.state();
    let right = json!({ "refreshToken": refresh });
    let put = |body: &Value| kw.put(REFRESH).json(body);
    says(&put(&right).bearer(&other).send(), 401, DENIED);
    says(&put(&right).bearer("garbage").send(), 401, DENIED);
    let garbage = json!({ "refreshToken": "garbage" });
    says(&put(&garbage).bearer(&token).send(), 401, DENIED);
    let itself = json!({ "refreshToken": token });
    says(&put(&itself).bearer(&token).send(), 401, DENIED);
    for body in [
        json!({}),
        json!({ "refreshToken": "" }),
        json!({ "refreshToken": 5 }),
        json!({ "refreshToken": refresh, "more": 1 }),
    ] {
        says(&put(&body).bearer(&token).send(), 400, INVALID);
    }
    // A missing token is 401, as on every route.
    says(&put(&right).send(), 401, DENIED);
    says(&kw.post(REFRESH).send(), 401, DENIED);
    assert_eq!(kw.state(), before);
    // Nothing of it was spent.
    assert_eq!(put(&right).bearer(&token).send().status, 200);
});

both!(o32_signing_out_ends_the_session_and_no_other, |kw| {
    kw.account("alice@example.com");
    let (token, other) = (
        kw.oisp_login("alice@example.com"),
        kw.oisp_login("alice@example.com"),
    );
    let refresh = text(
        &kw.post(REFRESH).bearer(&token).send().json(),
        "refreshToken",
    );
    says(&kw.delete(ME).bearer(&token).send(), 204, "");
    let after = kw.state();
    let body = json!({ "refreshToken": refresh });
    for ask in [
        kw.get(ME),
        kw.put(ME),
        kw.delete(ME),
        kw.get("/v1/api/auth/tokenInfo"),
        kw.post(TOKEN),
        kw.post(REFRESH),
        kw.put(REFRESH).json(&body),
    ] {
        says(&ask.bearer(&token).send(), 401, DENIED);
    }
    assert_eq!(kw.state(), after);
    assert_eq!(kw.get(ME).bearer(&other).send().status, 200);
});

// That face's clients show nothing but the token. Another face's token travels to more places.
both!(a_token_of_another_face_deletes_no_account, |kw| {
    kw.account("alice@example.com");
    let other = text(&kw.login("alice@example.com"), "access_token");
    let before = kw.state();
    let deleted = kw.delete("/v1/api/users/me").bearer(&other).send();
    assert_eq!(deleted.status, 403, "{deleted:?}");
    assert_eq!(kw.state(), before);
    let own = kw.oisp_login("alice@example.com");
    let deleted = kw.delete("/v1/api/users/me").bearer(&own).send();
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert_eq!(kw.count("accounts"), 0);
});
