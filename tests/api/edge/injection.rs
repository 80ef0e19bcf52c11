//! Strings that would be something else further down, and things that are no strings: in
//! every member of every body, and wherever else a text is taken.

use serde_json::{Value, json};

use crate::support::{Logbook, PASSWORD, TestKeyward, account_of, text};

const ALICE: &str = "alice@example.com";

/// I17: what breaks out of a quoted text, waits, or ends a statement.
const SQL: [&str; 12] = [
    "'",
    "''",
    "\"",
    "\\'",
    "' OR '1'='1",
    "' OR 1=1 --",
    "'; DROP TABLE sessions; --",
    "1; SELECT pg_sleep(30)",
    "' || (SELECT pg_sleep(30)) || '",
    "' UNION SELECT id, record FROM credentials --",
    "$1",
    "%' ESCAPE '\\",
];

/// Every route that reads a body, with a body whose texts are all good to read, and which
/// does nothing whichever of them is another text.
fn bodies() -> Vec<(&'static str, &'static str, Value)> {
    let (wrong, otp, phrase) = ("a wrong phrase", "000000", "another phrase of mine");
    let token = json!({ "refresh_token": "x", "mode": "json" });
    let both = json!({ "password": PASSWORD, "otp": otp });
    vec![
        ("POST", "/auth/login", {
            json!({ "email": ALICE, "password": PASSWORD, "otp": otp, "mode": "json" })
        }),
        ("POST", "/auth/refresh", token),
        ("POST", "/auth/password/change", {
            json!({ "currentPassword": wrong, "newPassword": phrase })
        }),
        ("POST", "/auth/mfa/totp", json!({ "password": wrong })),
        ("POST", "/auth/mfa/totp/confirm", json!({ "otp": otp })),
        ("DELETE", "/auth/mfa/totp", both.clone()),
        ("POST", "/auth/mfa/recovery-codes", both),
        (
            "POST",
            "/users/me/tfa/generate",
            json!({ "password": wrong }),
        ),
        ("POST", "/users/me/tfa/enable", {
            json!({ "secret": "JBSWY3DPEHPK3PXP", "otp": otp })
        }),
        ("POST", "/users/me/tfa/disable", json!({ "otp": otp })),
        ("POST", "/v1/api/auth/token", {
            json!({ "username": ALICE, "password": PASSWORD, "otp": otp })
        }),
        (
            "PUT",
            "/v1/api/auth/refresh",
            json!({ "refreshToken": "x" }),
        ),
    ]
}

/// Puts `value` into each member of each body in turn, each time from another address.
fn refused_everywhere(kw: &TestKeyward, access: &str, value: &Value, statuses: &[u16]) {
    for (route, (method, path, body)) in bodies().into_iter().enumerate() {
        for (number, member) in body.as_object().unwrap().keys().enumerate() {
            let mut body = body.clone();
            body[member] = value.clone();
            let ask = kw.ask(method, path).peer(&format!("10.{route}.{number}.1"));
            let answer = ask.bearer(access).json(&body).send();
            assert!(
                statuses.contains(&answer.status),
                "{method} {path} {body}: {answer:?}"
            );
        }
    }
}

both!(i17_sql_is_a_text_like_others_everywhere, |kw| {
    let bob = "bob@example.com";
    kw.account(bob);
    let (access, _, _) = kw.with_factor(ALICE);
    let alice = account_of(&access);
    let before = (kw.state(), kw.record_of(alice), kw.factor_state(&access));
    for sql in SQL {
        refused_everywhere(kw, &access, &json!(sql), &[400, 401, 403, 404, 409, 429]);
        let sql = percent(sql);
        for ask in [
            kw.delete(&format!("/auth/sessions/{sql}")).bearer(&access),
            kw.get(&format!("/auth/me?access_token={sql}")),
            kw.get(&format!("/auth/token?token={sql}")),
            kw.get("/auth/me").header("authorization", &sql),
            kw.post("/auth/refresh").cookie(&sql),
        ] {
            let answer = ask.send();
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
    }
    let after = (kw.state(), kw.record_of(alice), kw.factor_state(&access));
    assert_eq!(after, before);
    // What is kept is kept as it is.
    for sql in SQL {
        let body = json!({ "email": bob, "password": PASSWORD });
        let ask = kw.post("/auth/login").header("user-agent", sql);
        let (access, _) = ask.json(&body).send().tokens();
        let list = kw.get("/auth/sessions").bearer(&access).send().json();
        let mut sessions = list["sessions"].as_array().unwrap().iter();
        let current = sessions.find(|session| session["current"] == true);
        assert_eq!(text(current.unwrap(), "device"), sql);
    }
});

both!(i6_what_is_no_text_is_refused_everywhere, |kw| {
    let (access, _, _) = kw.with_factor(ALICE);
    let before = (kw.state(), kw.factor_state(&access));
    for value in [
        json!(5),
        json!(1e300),
        json!(true),
        json!([]),
        json!(["x"]),
        json!({ "$gt": "" }),
    ] {
        refused_everywhere(kw, &access, &value, &[400]);
    }
    assert_eq!((kw.state(), kw.factor_state(&access)), before);
});

both!(i15_nobody_writes_a_line_of_the_log, |kw| {
    kw.account(ALICE);
    let logbook = Logbook::open();
    let forged = "forged-line-4711";
    for line in [
        format!("a\r\n[INFO] {forged}@example.com"),
        format!("a\u{2028}{forged}@example.com"),
        format!("a\u{1b}[2K{forged}@example.com"),
    ] {
        for (path, member) in [("/auth/login", "email"), ("/v1/api/auth/token", "username")] {
            let mut body = json!({ "password": PASSWORD });
            body[member] = json!(line);
            let answer = kw
                .post(path)
                .header("user-agent", forged)
                .json(&body)
                .send();
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
        let path = format!("/nowhere/{}", percent(&line));
        assert_eq!(kw.get(&path).send().status, 404);
    }
    // The path is written down, as it was sent.
    for line in logbook.lines_with(forged) {
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(line.contains("/nowhere/a%"), "{line}");
    }
});

fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
