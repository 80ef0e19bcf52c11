//! Recovery codes, and taking the factor away: what a lost telephone needs, and a thief
//! of a token or of a password alone does not get.

use serde_json::json;

use crate::support::{Factor, Forge, PASSWORD, TestKeyward, account_of};

const ALICE: &str = "alice@example.com";
const REMOVE: &str = "/auth/mfa/totp";
const RENEW: &str = "/auth/mfa/recovery-codes";

fn was_written_down(kw: &TestKeyward, access: &str, event: &str) -> bool {
    kw.audit(account_of(access))
        .iter()
        .any(|what| what == event)
}

both!(m15_a_recovery_code_is_good_once, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let code = factor.recovery[0].as_str();
    let (by_code, _) = kw.login_with(ALICE, code).tokens();
    let claims = Forge::claims_of(&by_code);
    assert_eq!(
        (&claims["amr"], &claims["aal"]),
        (&json!(["pwd", "recovery"]), &json!(2))
    );
    assert!(was_written_down(kw, &access, "recovery_code_used"));
    // Used is deleted; the factor itself is still on.
    assert_eq!(kw.count("recovery_codes"), 9);
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    kw.login_with(ALICE, code).refused(401, "INVALID_OTP");
    kw.replica()
        .login_with(ALICE, code)
        .refused(401, "INVALID_OTP");
    kw.login_without(ALICE).refused(401, "INVALID_OTP");
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    kw.login_with(ALICE, factor.recovery[1].as_str()).tokens();
    kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();
});

both!(
    m15_of_twenty_sign_ins_with_one_recovery_code_one_succeeds,
    |kw| {
        let (_, _, factor) = kw.with_factor(ALICE);
        let replica = kw.replica();
        let body = json!({ "email": ALICE, "password": PASSWORD, "otp": factor.recovery[0] });
        let asks = (0..20).map(|number| {
            let to = if number % 2 == 0 { kw } else { &replica };
            to.post("/auth/login").json(&body)
        });
        let answers = kw.all(asks.collect());
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1, "{answers:?}");
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            match lost.status {
                401 => lost.refused(401, "INVALID_OTP"),
                503 => assert_eq!(lost.header("retry-after"), Some("1")),
                _ => lost.refused(429, "REQUESTS_EXCEEDED"),
            }
        }
        assert_eq!((kw.count("sessions"), kw.count("recovery_codes")), (3, 9));
    }
);

both!(
    m15_a_code_is_not_spent_where_the_session_is_not_written,
    |kw| {
        use crate::support::Fault;
        let (access, _, factor) = kw.with_factor(ALICE);
        let stored = kw.factor_state(&access);
        for (fault, otp) in [
            (Fault::Fails, factor.recovery[0].clone()),
            (Fault::CommitFails, kw.code(&factor.secret, 0)),
        ] {
            kw.inject(fault, "INSERT", "sessions");
            kw.login_with(ALICE, otp.as_str())
                .refused(503, "SERVICE_UNAVAILABLE");
            kw.mend();
            assert_eq!(kw.factor_state(&access), stored);
            assert_eq!(kw.count("sessions"), 2);
        }
        for otp in [factor.recovery[0].clone(), kw.code(&factor.secret, 0)] {
            kw.login_with(ALICE, otp).tokens();
        }
    }
);

both!(a_recovery_code_is_read_however_it_is_typed, |kw| {
    let (_, _, Factor { recovery, .. }) = kw.with_factor(ALICE);
    for typed in [
        recovery[0].clone(),
        recovery[1].to_lowercase(),
        recovery[2].replace('-', ""),
        recovery[3].replace('-', " "),
        format!(" {} ", recovery[4].to_lowercase().replace('-', " - ")),
    ] {
        kw.login_with(ALICE, typed.as_str()).tokens();
        kw.login_with(ALICE, typed.to_uppercase())
            .refused(401, "INVALID_OTP");
    }
    for wrong in [
        &recovery[5][..18],
        &format!("{}A", recovery[5]),
        "AAAA-BBBB-CCCC-DDDD",
    ] {
        kw.login_with(ALICE, wrong).refused(401, "INVALID_OTP");
    }
    assert_eq!(kw.count("recovery_codes"), 5);
});

both!(m14_only_password_and_code_take_the_factor_away, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    let code = kw.code(&factor.secret, 0);
    for (status, word, body) in [
        (400, "INVALID_PAYLOAD", json!({})),
        (400, "INVALID_PAYLOAD", json!({ "password": PASSWORD })),
        (400, "INVALID_PAYLOAD", json!({ "otp": code })),
        (
            403,
            "WRONG_PASSWORD",
            json!({ "password": "wrong", "otp": code }),
        ),
        (
            403,
            "INVALID_OTP",
            json!({ "password": PASSWORD, "otp": "x" }),
        ),
    ] {
        for ask in [kw.delete(REMOVE), kw.post(RENEW)] {
            ask.bearer(&access).json(&body).send().refused(status, word);
        }
    }
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    let body = json!({ "password": PASSWORD, "otp": code });
    let answer = kw.delete(REMOVE).bearer(&access).json(&body).send();
    let (access, _) = answer.tokens();
    assert_eq!((kw.count("factors"), kw.count("recovery_codes")), (0, 0));
    assert!(was_written_down(kw, &access, "factor_disabled"));
    let me = kw.get("/auth/me").bearer(&access).send().json();
    assert_eq!(me["mfaEnabled"], json!(false));
    kw.login_without(ALICE).tokens();
});

both!(m14_a_used_code_takes_nothing_away, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let code = kw.code(&factor.secret, 0);
    kw.login_with(ALICE, code.as_str()).tokens();
    kw.login_with(ALICE, factor.recovery[0].as_str()).tokens();
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    for otp in [&code, &factor.recovery[0]] {
        let body = json!({ "password": PASSWORD, "otp": otp });
        for ask in [kw.delete(REMOVE), kw.post(RENEW)] {
            ask.bearer(&access)
                .json(&body)
                .send()
                .refused(403, "INVALID_OTP");
        }
    }
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
});

both!(
    a_recovery_code_takes_the_factor_away_and_the_rest_with_it,
    |kw| {
        let (access, _, factor) = kw.with_factor(ALICE);
        let body = json!({ "password": PASSWORD, "otp": factor.recovery[0] });
        let removed = kw.delete(REMOVE).bearer(&access).json(&body).send();
        let (access, _) = removed.tokens();
        let body = json!({ "password": PASSWORD, "otp": factor.recovery[1] });
        for ask in [kw.delete(REMOVE), kw.post(RENEW)] {
            ask.bearer(&access)
                .json(&body)
                .send()
                .refused(400, "INVALID_PAYLOAD");
        }
        // A new factor does not bring the codes of the old one back.
        kw.enrol(&access);
        kw.login_with(ALICE, factor.recovery[1].as_str())
            .refused(401, "INVALID_OTP");
    }
);

both!(new_recovery_codes_take_the_place_of_the_old, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let (other, _) = kw.login_with(ALICE, factor.recovery[0].as_str()).tokens();
    let body = json!({ "password": PASSWORD, "otp": kw.code(&factor.secret, 0) });
    let answer = kw.post(RENEW).bearer(&access).json(&body).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(was_written_down(kw, &access, "recovery_codes_renewed"));
    let new: Vec<String> = serde_json::from_value(answer.json()["recoveryCodes"].clone()).unwrap();
    assert_eq!((new.len(), kw.count("recovery_codes")), (10, 10));
    // Nothing of how anybody signed in has changed.
    assert_eq!((kw.me(&access), kw.me(&other)), (200, 200));
    // The code that renewed them is used up.
    kw.login_with(ALICE, kw.code(&factor.secret, 0))
        .refused(401, "INVALID_OTP");
    for old in &factor.recovery[1..4] {
        kw.login_with(ALICE, old.as_str())
            .refused(401, "INVALID_OTP");
    }
    kw.login_with(ALICE, new[9].as_str()).tokens();
});
