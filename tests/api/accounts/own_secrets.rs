//! What a signed-in caller typed wrong, or left out, beside a good token: told apart from a token
//! that is none, or clients would refresh it and sign their user out (field log of clients, 8
//! and 18).

use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestKeyward, WRONG};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
const NEW: &str = "another battery staple";

fn ask(kw: &TestKeyward, (method, path): (&str, &str), access: &str, body: &Value) -> Answer {
    kw.ask(method, path).bearer(access).json(body).send()
}

const CHANGE: (&str, &str) = ("POST", "/auth/password/change");
const BEGIN: (&str, &str) = ("POST", "/auth/mfa/totp");
const CONFIRM: (&str, &str) = ("POST", "/auth/mfa/totp/confirm");
const REMOVE: (&str, &str) = ("DELETE", "/auth/mfa/totp");
const CODES: (&str, &str) = ("POST", "/auth/mfa/recovery-codes");

both!(
    clients_08_what_the_signed_in_typed_wrong_is_403_without_a_challenge,
    |kw| {
        let (plain, _) = kw.signed_in(ALICE);
        kw.begin_enrolment(&plain);
        let (access, refresh, factor) = kw.with_factor(BOB);
        let code = kw.code(&factor.secret, 0);
        let never = "AAAA-BBBB-CCCC-DDDD";
        let (state, stored) = (kw.state(), kw.factor_state(&access));
        let changed = |present: &str, otp: &str| json!({ "currentPassword": present, "newPassword": NEW, "otp": otp });
        let both = |password: &str, otp: &str| json!({ "password": password, "otp": otp });
        let table = [
            (CHANGE, &plain, "WRONG_PASSWORD", changed(WRONG, "")),
            (
                BEGIN,
                &plain,
                "WRONG_PASSWORD",
                json!({ "password": WRONG }),
            ),
            (CONFIRM, &plain, "INVALID_OTP", json!({ "otp": never })),
            (CONFIRM, &plain, "INVALID_OTP", json!({ "otp": "000" })),
            (CHANGE, &access, "WRONG_PASSWORD", changed(WRONG, &code)),
            (CHANGE, &access, "INVALID_OTP", changed(PASSWORD, never)),
            (CHANGE, &access, "INVALID_OTP", changed(PASSWORD, "000")),
            (REMOVE, &access, "WRONG_PASSWORD", both(WRONG, &code)),
            (REMOVE, &access, "INVALID_OTP", both(PASSWORD, never)),
            (CODES, &access, "WRONG_PASSWORD", both(WRONG, &code)),
            (CODES, &access, "INVALID_OTP", both(PASSWORD, "000")),
        ];
        for (route, token, wanted, mut body) in table {
            if token == &plain
                && let Some(body) = body.as_object_mut()
            {
                body.retain(|_, value| value != "");
            }
            kw.execute("DELETE FROM limits", "DELETE FROM limits");
            let answer = ask(kw, route, token, &body);
            answer.refused(403, wanted);
            assert_eq!(answer.header("www-authenticate"), None, "{route:?}");
            assert_eq!(kw.me(token), 200, "the token stays good");
        }
        assert_eq!((kw.state(), kw.factor_state(&access)), (state, stored));
        assert_eq!(kw.refresh(&refresh).outcome(), "fresh");
        // No token, and one that is none, are 401 as ever.
        let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
        let without = kw.post(CHANGE.1).json(&body).send();
        without.refused(401, "INVALID_CREDENTIALS");
        ask(kw, CHANGE, "junk", &body).refused(401, "INVALID_TOKEN");
    }
);

both!(clients_18_what_is_missing_is_named, |kw| {
    let (plain, _) = kw.signed_in(ALICE);
    let (access, _, _) = kw.with_factor(BOB);
    let (state, stored) = (kw.state(), kw.factor_state(&access));
    let counters = kw.counters();
    let change = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    let table = [
        (BEGIN, &plain, "password", json!({})),
        (CONFIRM, &plain, "otp", json!({})),
        (
            CHANGE,
            &plain,
            "currentPassword",
            json!({ "newPassword": NEW }),
        ),
        (
            CHANGE,
            &plain,
            "newPassword",
            json!({ "currentPassword": PASSWORD }),
        ),
        (CHANGE, &access, "otp", change),
        (REMOVE, &access, "password", json!({ "otp": "000000" })),
        (REMOVE, &access, "otp", json!({ "password": PASSWORD })),
        (CODES, &access, "password", json!({ "otp": "000000" })),
        (CODES, &access, "otp", json!({ "password": PASSWORD })),
    ];
    for (route, token, missing, body) in table {
        let answer = ask(kw, route, token, &body);
        answer.refused(400, "INVALID_PAYLOAD");
        let reason = &answer.json()["errors"][0]["extensions"]["reason"];
        let reason = reason.as_str().unwrap();
        assert!(
            reason.starts_with(&format!("\"{missing}\" is required")),
            "{reason}"
        );
    }
    assert_eq!((kw.state(), kw.factor_state(&access)), (state, stored));
    assert_eq!(kw.counters(), counters, "nothing was guessed");
});
