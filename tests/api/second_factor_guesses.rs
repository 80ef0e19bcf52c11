//! Guessing at a second factor: one budget for codes, recovery codes and passwords, and
//! nothing but its counter moves.

use std::time::Duration;

use serde_json::json;

use crate::support::{PASSWORD, TestKeyward};

const ALICE: &str = "alice@example.com";

/// A code that is wrong now and for the next hours.
fn wrong(kw: &TestKeyward, secret: &str) -> String {
    let codes: Vec<String> = (-3..400).map(|step| kw.code(secret, step)).collect();
    (0..1_000_000)
        .map(|number| format!("{number:06}"))
        .find(|code| !codes.contains(code))
        .unwrap()
}

both!(m4_few_guesses_are_looked_at_and_then_it_is_slow, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    let wrong = wrong(kw, &factor.secret);
    let mut looked_at = 0;
    // Five minutes of one guess each second, after the right password.
    for _ in 0..300 {
        let answer = kw.login_with(ALICE, wrong.as_str());
        if answer.status == 401 {
            answer.refused(401, "INVALID_OTP");
            looked_at += 1;
        } else {
            answer.refused(429, "REQUESTS_EXCEEDED");
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
        }
        kw.advance(1);
    }
    // Five, and then after 1, 2, 4, … 128 seconds.
    assert_eq!(looked_at, 13);
    // Waiting is for the right code too, and it is not used up by being refused.
    let refused = kw.login_with(ALICE, kw.code(&factor.secret, 0));
    refused.refused(429, "REQUESTS_EXCEEDED");
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    let wait = refused.header("retry-after").unwrap().parse().unwrap();
    kw.advance(wait);
    kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();
});

// Who has the password and a token must not buy guesses at the codes with it: a change of
// password proves one factor of two.
both!(
    b12_m4_a_change_of_password_buys_no_guesses_at_the_factor,
    |kw| {
        let (access, _, factor) = kw.with_factor(ALICE);
        let wrong = wrong(kw, &factor.secret);
        let stored = kw.factor_state(&access);
        let login = |password: &str, otp: &str| {
            let body = json!({ "email": ALICE, "password": password, "otp": otp });
            kw.post("/auth/login").json(&body).send()
        };
        let [mut present, mut next] = [PASSWORD, "another battery staple"];
        for guesses in 1..=4 {
            login(present, &wrong).refused(401, "INVALID_OTP");
            assert_eq!(kw.change_password(&access, present, next).status, 204);
            (present, next) = (next, present);
            // The change itself is taken back, and nothing else is.
            assert!(kw.counters_at(guesses) > 0, "{guesses}");
        }
        for otp in [&wrong, &kw.code(&factor.secret, 0)] {
            login(present, otp).refused(429, "REQUESTS_EXCEEDED");
        }
        kw.change_password(&access, present, next)
            .refused(429, "REQUESTS_EXCEEDED");
        assert_eq!(kw.factor_state(&access), stored);
        kw.advance(1);
        login(present, &kw.code(&factor.secret, 0)).tokens();
    }
);

both!(m16_every_way_to_guess_has_the_same_budget, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    let wrong = wrong(kw, &factor.secret);
    let no_recovery = "AAAA-BBBB-CCCC-DDDD";
    let both = |otp: &str| json!({ "password": PASSWORD, "otp": otp });
    let (login, own) = ("/auth/login", "/auth/mfa/recovery-codes");
    kw.login_with(ALICE, wrong.as_str())
        .refused(401, "INVALID_OTP");
    kw.login_with(ALICE, no_recovery)
        .refused(401, "INVALID_OTP");
    let ask = kw.post(own).bearer(&access).json(&both(&wrong));
    ask.send().refused(401, "INVALID_OTP");
    let ask = kw
        .delete("/auth/mfa/totp")
        .bearer(&access)
        .json(&both(no_recovery));
    ask.send().refused(401, "INVALID_OTP");
    let body = json!({ "email": ALICE, "password": "wrong" });
    kw.post(login)
        .json(&body)
        .send()
        .refused(401, "INVALID_CREDENTIALS");
    // The sixth is not looked at, wherever it comes.
    let (code, recovery) = (kw.code(&factor.secret, 0), factor.recovery[0].as_str());
    for otp in [code.as_str(), recovery] {
        kw.login_with(ALICE, otp).refused(429, "REQUESTS_EXCEEDED");
        for ask in [
            kw.post(own).bearer(&access).json(&both(otp)),
            kw.delete("/auth/mfa/totp").bearer(&access).json(&both(otp)),
            kw.post("/users/me/tfa/disable")
                .bearer(&access)
                .json(&json!({ "otp": otp })),
        ] {
            ask.send().refused(429, "REQUESTS_EXCEEDED");
        }
        let body = json!({ "username": ALICE, "password": PASSWORD, "otp": otp });
        let oisp = kw.post("/v1/api/auth/token").json(&body).send();
        // As the original says it of a locked account.
        assert_eq!((oisp.status, &oisp.json()["code"]), (403, &json!(2403)));
    }
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    kw.advance(1);
    kw.login_with(ALICE, recovery).tokens();
});

both!(m16_recovery_codes_have_eighty_bits, |kw| {
    let (_, _, factor) = kw.with_factor(ALICE);
    let mut codes = factor.recovery.clone();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 10);
    for code in &codes {
        // Sixteen letters of an alphabet of thirty-two.
        let groups: Vec<&str> = code.split('-').collect();
        assert!(
            groups.len() == 4 && groups.iter().all(|group| group.len() == 4),
            "{code}"
        );
        let known = |c: char| c == '-' || "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".contains(c);
        assert!(code.chars().all(known), "{code}");
    }
});

both!(m4_guesses_at_a_factor_that_waits_are_counted_too, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let secret = kw.begin_enrolment(&access).json()["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    let wrong = wrong(kw, &secret);
    for _ in 0..5 {
        kw.confirm_enrolment(&access, &wrong)
            .refused(401, "INVALID_OTP");
    }
    kw.confirm_enrolment(&access, &kw.code(&secret, 0))
        .refused(429, "REQUESTS_EXCEEDED");
    kw.login_without(ALICE).refused(429, "REQUESTS_EXCEEDED");
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    kw.advance(1);
    assert_eq!(
        kw.confirm_enrolment(&access, &kw.code(&secret, 0)).status,
        200
    );
});

both!(m24_a_wrong_code_moves_the_counter_of_attempts_alone, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let wrong = wrong(kw, &factor.secret);
    let counts =
        || ["sessions", "audit_events", "revocations", "recovery_codes"].map(|it| kw.count(it));
    let (before, stored, rows) = (kw.state(), kw.factor_state(&access), counts());
    kw.execute("DELETE FROM limits", "DELETE FROM limits");
    kw.login_with(ALICE, wrong.as_str())
        .refused(401, "INVALID_OTP");
    let body = json!({ "password": PASSWORD, "otp": wrong });
    for ask in [
        kw.post("/auth/mfa/recovery-codes"),
        kw.delete("/auth/mfa/totp"),
    ] {
        ask.bearer(&access)
            .json(&body)
            .send()
            .refused(401, "INVALID_OTP");
    }
    let ask = kw.post("/users/me/tfa/disable").bearer(&access);
    ask.json(&json!({ "otp": wrong }))
        .send()
        .refused(400, "INVALID_PAYLOAD");
    assert_eq!(
        (kw.state(), kw.factor_state(&access), counts()),
        (before, stored, rows)
    );
    assert_eq!(kw.count("limits"), 1);
    assert_eq!(kw.me(&access), 200);
});

both!(
    m22_s7_a_clock_that_went_back_makes_no_code_good_again,
    |kw| {
        let (access, _, factor) = kw.with_factor(ALICE);
        kw.advance(600);
        let ahead = kw.code(&factor.secret, 0);
        kw.login_with(ALICE, ahead.as_str()).tokens();
        let stored = kw.factor_state(&access);
        kw.kw.clock.step_back(Duration::from_secs(600));
        kw.login_with(ALICE, ahead.as_str())
            .refused(401, "INVALID_OTP");
        // Earlier codes are not told apart from used ones: until the clock is where it was,
        // the owner's way in is a recovery code.
        kw.login_with(ALICE, kw.code(&factor.secret, 0))
            .refused(401, "INVALID_OTP");
        assert_eq!(kw.factor_state(&access), stored);
        kw.login_with(ALICE, factor.recovery[0].as_str()).tokens();
        kw.advance(630);
        kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();
    }
);
