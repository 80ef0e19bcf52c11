//! A clock that was ahead for a while leaves instants behind that have not come (row S8).
//! Nobody waits for them: the counters find back to their curves.

use serde_json::json;

use crate::support::{PASSWORD, WRONG};

const ALICE: &str = "alice@example.com";
const OUTSIDE: &str = "203.0.113.9";
const DAY: u64 = 86_400;

both!(
    s8_an_account_is_signed_in_to_after_the_clock_went_back,
    |kw| {
        kw.account(ALICE);
        kw.advance(DAY);
        kw.exhaust(ALICE);
        kw.sign_in(ALICE, PASSWORD).limited(1);
        kw.goes_back(DAY);
        assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
        assert_eq!(kw.count("limits"), 0);
    }
);

// What was counted stays so: the one attempt that is looked at goes on with the curve.
both!(
    s8_a_clock_that_went_back_gives_a_guesser_one_attempt,
    |kw| {
        kw.account(ALICE);
        kw.advance(DAY);
        for _ in 0..16 {
            kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
            kw.advance(900);
        }
        kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
        kw.goes_back(DAY);
        kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
        assert_eq!(kw.counters_at(18), 1);
        let stored = (kw.state(), kw.count("login_attempts"));
        for password in [WRONG, PASSWORD] {
            kw.sign_in(ALICE, password).limited(900);
        }
        assert_eq!((kw.state(), kw.count("login_attempts")), stored);
        kw.advance(900);
        assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
    }
);

both!(s8_an_address_waits_for_a_window_at_the_most, |kw| {
    let stray = |number: usize| {
        let email = format!("nobody{number}@example.com");
        kw.ask_sign_in(&email, WRONG).peer(OUTSIDE).send()
    };
    kw.advance(DAY);
    for number in 0..30 {
        stray(number).refused(401, "INVALID_CREDENTIALS");
    }
    stray(30).limited(300);
    kw.goes_back(DAY);
    stray(31).refused(401, "INVALID_CREDENTIALS");
    stray(32).limited(300);
    kw.advance(300);
    stray(33).refused(401, "INVALID_CREDENTIALS");
    stray(34).refused(401, "INVALID_CREDENTIALS");
});

both!(s8_codes_wait_for_two_hours_at_the_most, |kw| {
    let (_, _, factor) = kw.with_factor(ALICE);
    kw.advance(DAY);
    let guess = |password: &str| {
        let body = json!({ "email": ALICE, "password": password, "otp": "AAAA-BBBB-CCCC-DDDD" });
        kw.post("/auth/login").json(&body).send()
    };
    for _ in 0..10 {
        guess(PASSWORD).refused(401, "INVALID_OTP");
        kw.advance(60);
    }
    guess(PASSWORD).refused(429, "REQUESTS_EXCEEDED");
    kw.goes_back(DAY);
    guess(PASSWORD).refused(401, "INVALID_OTP");
    kw.advance(900);
    guess(PASSWORD).limited(6300);
    kw.advance(6300);
    kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();
});
