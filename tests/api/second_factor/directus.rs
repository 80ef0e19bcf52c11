//! The second factor in the words of Directus (directus.md, TFA). Keyward differs on
//! purpose: it keeps the secret that it generated and believes no other, a code is good
//! once, and other sessions end.

use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestKeyward, WRONG, text};

const ALICE: &str = "alice@example.com";

fn tfa(kw: &TestKeyward, what: &str, access: &str, body: &Value) -> Answer {
    let path = format!("/users/me/tfa/{what}");
    kw.post(&path).bearer(access).json(body).send()
}

#[track_caller]
fn refused(answer: &Answer, reason: &str) {
    let reason_json = serde_json::to_string(reason).unwrap();
    let message = serde_json::to_string(&format!("Invalid payload. {reason}.")).unwrap();
    let wanted = format!(
        r#"{{"errors":[{{"message":{message},"extensions":{{"code":"INVALID_PAYLOAD","reason":{reason_json}}}}}]}}"#
    );
    assert_eq!(
        (answer.status, &answer.json()),
        (400, &serde_json::from_str(&wanted).unwrap())
    );
}

both!(directus_enables_and_disables_a_factor, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let generated = tfa(kw, "generate", &access, &json!({ "password": PASSWORD }));
    assert_eq!(generated.status, 200, "{generated:?}");
    let body = generated.json();
    let secret = text(&body, "secret");
    assert_eq!(body.as_object().unwrap().len(), 2);
    let url = text(&body, "otpauth_url");
    assert!(
        url.starts_with("otpauth://totp/localhost:alice%40example.com?"),
        "{url}"
    );
    let code = kw.code(&secret, 0);
    let enabled = tfa(
        kw,
        "enable",
        &access,
        &json!({ "secret": secret, "otp": code }),
    );
    assert_eq!((enabled.status, enabled.body.as_str()), (204, ""));
    kw.login_without(ALICE).refused(401, "INVALID_OTP");
    // Used up by enabling: the original takes it again and again.
    kw.login_with(ALICE, code.as_str())
        .refused(401, "INVALID_OTP");
    refused(
        &tfa(kw, "disable", &access, &json!({ "otp": code })),
        "\"otp\" is invalid",
    );
    kw.advance(30);
    kw.login_with(ALICE, kw.code(&secret, 0)).tokens();
    let disabled = tfa(
        kw,
        "disable",
        &access,
        &json!({ "otp": kw.code(&secret, 1) }),
    );
    assert_eq!((disabled.status, disabled.body.as_str()), (204, ""));
    kw.login_without(ALICE).tokens();
});

both!(
    the_envelope_of_directus_is_around_a_generated_secret,
    &[("KEYWARD_DIRECTUS_ENVELOPE", "true")],
    |kw| {
        kw.account(ALICE);
        let access = text(&kw.login(ALICE)["data"], "access_token");
        let body = tfa(kw, "generate", &access, &json!({ "password": PASSWORD })).json();
        assert_eq!(text(&body["data"], "secret").len(), 32);
    }
);

both!(
    m9_generate_wants_the_password_however_fresh_the_sign_in,
    |kw| {
        let (access, _) = kw.signed_in(ALICE);
        let stored = kw.factor_state(&access);
        refused(
            &tfa(kw, "generate", &access, &json!({})),
            "\"password\" is required",
        );
        let wrong = tfa(kw, "generate", &access, &json!({ "password": "wrong" }));
        wrong.refused(401, "INVALID_CREDENTIALS");
        assert_eq!(kw.factor_state(&access), stored);
    }
);

both!(
    enable_refuses_what_the_original_refuses_and_a_foreign_secret,
    |kw| {
        let (access, _) = kw.signed_in(ALICE);
        let generated = tfa(kw, "generate", &access, &json!({ "password": PASSWORD })).json();
        let secret = text(&generated, "secret");
        let code = kw.code(&secret, 0);
        // What a thief of the token would send: a secret of his own and its right code.
        let foreign = "A".repeat(32);
        let (before, stored) = (kw.state(), kw.factor_state(&access));
        let nothing_waits = "No enrolment waits for this code: begin one";
        for (reason, body) in [
            ("\"otp\" is required", json!({ "secret": secret })),
            ("\"secret\" is required", json!({ "otp": code })),
            (
                "\"otp\" is invalid",
                json!({ "secret": secret, "otp": "nonsense" }),
            ),
            (
                "\"otp\" is invalid",
                json!({ "secret": secret, "otp": kw.code(&secret, 2) }),
            ),
            (
                nothing_waits,
                json!({ "secret": foreign, "otp": kw.code(&foreign, 0) }),
            ),
            (nothing_waits, json!({ "secret": foreign, "otp": code })),
            (nothing_waits, json!({ "secret": "!", "otp": code })),
        ] {
            refused(&tfa(kw, "enable", &access, &body), reason);
        }
        assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
        kw.login_without(ALICE).tokens();
        let body = json!({ "secret": secret, "otp": code });
        assert_eq!(tfa(kw, "enable", &access, &body).status, 204);
    }
);

both!(
    m10_generate_and_enable_are_refused_when_it_is_on_already,
    |kw| {
        let (access, _, factor) = kw.with_factor(ALICE);
        let (before, stored) = (kw.state(), kw.factor_state(&access));
        let generate = tfa(kw, "generate", &access, &json!({ "password": PASSWORD }));
        refused(&generate, "TFA Secret is already set for this user");
        let body = json!({ "secret": factor.secret, "otp": kw.code(&factor.secret, 0) });
        let enable = tfa(kw, "enable", &access, &body);
        refused(&enable, "No enrolment waits for this code: begin one");
        assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    }
);

both!(m14_disable_wants_a_code, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    for (reason, body) in [
        ("\"otp\" is required", json!({})),
        ("\"otp\" is required", json!({ "password": PASSWORD })),
        ("\"otp\" is not allowed to be empty", json!({ "otp": "" })),
        ("\"otp\" is invalid", json!({ "otp": "nonsense" })),
        (
            "\"otp\" is invalid",
            json!({ "otp": "AAAA-BBBB-CCCC-DDDD" }),
        ),
    ] {
        refused(&tfa(kw, "disable", &access, &body), reason);
    }
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    // Wherever a code is taken, a recovery code is.
    let body = json!({ "otp": factor.recovery[0] });
    assert_eq!(tfa(kw, "disable", &access, &body).status, 204);
    let off = tfa(kw, "disable", &access, &body);
    refused(&off, "A second factor is not switched on");
});

// A code proves the telephone, not the password: whoever guessed at that stays slowed.
both!(m14_disable_by_a_code_alone_forgets_no_failures, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    for _ in 0..3 {
        kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
    }
    let body = json!({ "otp": kw.code(&factor.secret, 0) });
    assert_eq!(tfa(kw, "disable", &access, &body).status, 204);
    assert_eq!(kw.counters_at(3), 1);
    for _ in 0..2 {
        kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
    }
    kw.sign_in(ALICE, PASSWORD).limited(1);
});

fn shown_to(kw: &TestKeyward, access: &str) -> Value {
    let all = kw.get("/users/me").bearer(access).send().json();
    let ask = kw.get("/users/me?fields=tfa_secret").bearer(access);
    let one = ask.send().json();
    assert_eq!(one, json!({ "tfa_secret": all["tfa_secret"] }));
    all["tfa_secret"].clone()
}

both!(users_me_shows_that_a_factor_is_on_and_not_which, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    assert_eq!(shown_to(kw, &access), Value::Null);
    kw.begin_enrolment(&access);
    assert_eq!(shown_to(kw, &access), Value::Null);
    let factor = kw.enrol(&access);
    let access = factor.access.clone();
    let shown = || shown_to(kw, &access);
    assert_eq!(shown(), json!("**********"));
    let body = json!({ "otp": kw.code(&factor.secret, 0) });
    assert_eq!(tfa(kw, "disable", &access, &body).status, 204);
    assert_eq!(shown(), Value::Null);
});
