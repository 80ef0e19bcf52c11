//! A second factor in the place of another: begun with the password and a code of the one that counts,
//! which counts on until a code of the new one was shown.

use std::sync::Barrier;

use keyward::service::second_factor::confirm::{self, Confirmation};
use keyward::service::second_factor::own_session::OwnSession;
use serde_json::{Value, json};

use crate::support::{Answer, Factor, PASSWORD, TestKeyward, actor, text};

const ALICE: &str = "alice@example.com";
const BEGIN: &str = "/auth/mfa/totp";

fn begin(kw: &TestKeyward, access: &str, otp: impl Into<Value>) -> Answer {
    let otp: Value = otp.into();
    let body = json!({ "password": PASSWORD, "otp": otp });
    kw.post(BEGIN).bearer(access).json(&body).send()
}

/// Begins with this code, and confirms. Thirty seconds pass.
#[track_caller]
pub fn replace(kw: &TestKeyward, access: &str, otp: &str) -> Factor {
    let begun = begin(kw, access, otp);
    assert_eq!(begun.status, 200, "{begun:?}");
    let secret = text(&begun.json(), "secret");
    let confirmed = kw.confirm_enrolment(access, &kw.code(&secret, 0));
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    let codes = confirmed.json()["recoveryCodes"].clone();
    let (access, refresh) = confirmed.tokens();
    kw.advance(30);
    Factor {
        secret,
        recovery: serde_json::from_value(codes).unwrap(),
        access,
        refresh,
    }
}

both!(a_factor_comes_in_the_place_of_another, |kw| {
    let (access, refresh, old) = kw.with_factor(ALICE);
    let account = actor(&kw.kw, &access).account();
    let (other, _) = kw.login_with(ALICE, kw.code(&old.secret, 0)).tokens();
    kw.advance(30);
    let begun = begin(kw, &access, kw.code(&old.secret, 0));
    assert_eq!(begun.status, 200, "{begun:?}");
    let secret = text(&begun.json(), "secret");
    assert_ne!(secret, old.secret);
    // Until it is confirmed the old one counts, and nothing has ended.
    kw.login_with(ALICE, kw.code(&secret, 0))
        .refused(401, "INVALID_OTP");
    assert_eq!(kw.login_with(ALICE, kw.code(&old.secret, 1)).status, 200);
    assert_eq!((kw.me(&access), kw.me(&other)), (200, 200));
    kw.advance(60);
    // A code of the old one confirms nothing.
    let stored = kw.factor_state(&access);
    kw.confirm_enrolment(&access, &kw.code(&old.secret, 0))
        .refused(403, "INVALID_OTP");
    assert_eq!(kw.factor_state(&access), stored);
    let confirmed = kw.confirm_enrolment(&access, &kw.code(&secret, 0));
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    assert_eq!(
        confirmed.json()["recoveryCodes"].as_array().unwrap().len(),
        10
    );
    let (new, _) = confirmed.tokens();
    assert_eq!(
        (kw.me(&access), kw.me(&other), kw.me(&new)),
        (401, 401, 200)
    );
    kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
    assert_eq!((kw.count("factors"), kw.count("recovery_codes")), (1, 10));
    kw.advance(30);
    for gone in [kw.code(&old.secret, 0), old.recovery[0].clone()] {
        kw.login_with(ALICE, gone).refused(401, "INVALID_OTP");
    }
    assert_eq!(kw.login_with(ALICE, kw.code(&secret, 0)).status, 200);
    let happened = kw.audit(account);
    let times = |what: &str| happened.iter().filter(|it| *it == what).count();
    assert_eq!((times("factor_enabled"), times("factor_replaced")), (1, 1));
    assert_eq!(
        (times("factor_disabled"), times("recovery_code_used")),
        (0, 0)
    );
});

both!(a_recovery_code_begins_one_and_is_used_up, |kw| {
    let (access, _, old) = kw.with_factor(ALICE);
    let account = actor(&kw.kw, &access).account();
    let code = &old.recovery[3];
    assert_eq!(begin(kw, &access, code.as_str()).status, 200);
    assert_eq!(kw.count("recovery_codes"), 9);
    assert!(kw.audit(account).contains(&"recovery_code_used".to_owned()));
    let stored = kw.factor_state(&access);
    begin(kw, &access, code.as_str()).refused(403, "INVALID_OTP");
    assert_eq!(kw.factor_state(&access), stored);
    let new = replace(kw, &access, &old.recovery[4]);
    assert_eq!(kw.count("recovery_codes"), 10);
    assert_eq!(kw.me(&new.access), 200);
});

both!(
    m4_nothing_is_begun_in_its_place_without_a_code_of_it,
    |kw| {
        let (access, _, old) = kw.with_factor(ALICE);
        let stored = kw.factor_state(&access);
        let without = kw.begin_enrolment(&access);
        without.refused(409, "CONFLICT");
        let words = text(&without.json()["errors"][0], "message");
        assert!(words.contains("as \"otp\" beside the password"), "{words}");
        let password = json!({ "password": "wrong", "otp": kw.code(&old.secret, 0) });
        let wrong = kw.post(BEGIN).bearer(&access).json(&password).send();
        wrong.refused(403, "WRONG_PASSWORD");
        for (otp, status, code) in [
            (json!("000000"), 403, "INVALID_OTP"),
            (json!("no code"), 403, "INVALID_OTP"),
            (json!(""), 400, "INVALID_PAYLOAD"),
            (json!(["1"]), 400, "INVALID_PAYLOAD"),
        ] {
            begin(kw, &access, otp.clone()).refused(status, code);
        }
        assert_eq!(kw.factor_state(&access), stored);
        // A code is good once.
        let code = kw.code(&old.secret, 0);
        assert_eq!(begin(kw, &access, code.as_str()).status, 200);
        begin(kw, &access, code.as_str()).refused(403, "INVALID_OTP");
        // Directus's words know no code here.
        let body = json!({ "password": PASSWORD, "otp": kw.code(&old.secret, 1) });
        let generated = kw
            .post("/users/me/tfa/generate")
            .bearer(&access)
            .json(&body);
        generated.send().refused(400, "INVALID_PAYLOAD");
        // What waits too long is not confirmed, and the old one counts on.
        let begun = text(
            &begin(kw, &access, kw.code(&old.secret, 1)).json(),
            "secret",
        );
        kw.advance(601);
        kw.confirm_enrolment(&access, &kw.code(&begun, 0))
            .refused(400, "INVALID_PAYLOAD");
        assert_eq!(kw.login_with(ALICE, kw.code(&old.secret, 0)).status, 200);
    }
);

both!(a_code_where_no_factor_is_on_begins_nothing, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    begin(kw, &access, "123456").refused(400, "INVALID_PAYLOAD");
    assert_eq!(kw.count("factors"), 0);
});

// What waited when a factor began to count would come in its place without a code of it.
both!(
    m4_nothing_waits_beside_a_factor_that_did_not_ask_for_its_code,
    |kw| {
        let replica = kw.replica();
        for round in 0..12 {
            let email = format!("round{round}@example.com");
            let (access, _) = kw.signed_in(&email);
            let secret = text(&kw.begin_enrolment(&access).json(), "secret");
            let code = kw.code(&secret, 0);
            let start = Barrier::new(2);
            std::thread::scope(|scope| {
                let (start, other) = (&start, &replica.kw);
                let confirmation = Confirmation {
                    code: code.as_str().into(),
                    secret: None,
                    own_session: OwnSession::Renewed,
                };
                let confirming = actor(other, &access);
                scope.spawn(move || {
                    start.wait();
                    drop(confirm::confirm(other, &confirming, &confirmation));
                });
                start.wait();
                kw.begin_enrolment(&access);
            });
            let waiting =
                "SELECT account_id AS line FROM factors GROUP BY account_id HAVING count(*) > 1";
            assert_eq!(kw.rows(waiting), Vec::<String>::new(), "round {round}");
        }
    }
);
