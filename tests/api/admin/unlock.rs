//! What an unlock forgives, and what it does not (docs/decisions/0174).

use serde_json::json;

use super::{ALICE, OTHER, ROOT, administrator, done, of};
use crate::support::{Factor, PASSWORD, TestKeyward, WRONG};

/// A code that is none of the three of now.
fn wrong(kw: &TestKeyward, factor: &Factor) -> String {
    let good = [-1, 0, 1].map(|step| kw.code(&factor.secret, step));
    let mut guesses = (0..4).map(|number| format!("{number:06}"));
    guesses.find(|code| !good.contains(code)).unwrap()
}

fn told(kw: &TestKeyward, what: &str) -> i64 {
    kw.count(&format!("audit_events WHERE what = '{what}'"))
}

both!(attack_h2_an_unlock_gives_no_code_back, |kw| {
    let (_, token) = administrator(kw);
    let (access, _, factor) = kw.with_factor(ALICE);
    let alice = crate::support::account_of(&access);
    let stored = kw.factor_state(&access);
    let mut looked_at = 0;
    for _ in 0..6 {
        for _ in 0..5 {
            let code = wrong(kw, &factor);
            let answer = kw.login_with(ALICE, code);
            match answer.status {
                401 => looked_at += 1,
                _ => answer.refused(429, "REQUESTS_EXCEEDED"),
            }
        }
        done(kw, "POST", &of(alice, "/unlock"), &token);
    }
    assert_eq!(looked_at, 10);
    assert_eq!(told(kw, "codes_guessed"), 1);
    assert_eq!(kw.factor_state(&access), stored);
    // A new password is what helps, and what an operator or an administrator gives.
    let right = || kw.code(&factor.secret, 0);
    kw.login_with(ALICE, right())
        .refused(429, "REQUESTS_EXCEEDED");
    let body = json!({ "password": OTHER });
    let set = kw.post(&of(alice, "/password")).bearer(&token).json(&body);
    assert_eq!(set.send().status, 204);
    kw.advance(30);
    let body = json!({ "email": ALICE, "password": OTHER, "otp": right() });
    kw.post("/auth/login").json(&body).send().tokens();
});

// Nor that of the browsers that are known, which is another one.
both!(attack_h2_known_browsers_get_no_code_back_either, |kw| {
    let (_, token) = administrator(kw);
    let (access, _, factor) = kw.with_factor(ALICE);
    let alice = crate::support::account_of(&access);
    let otp = kw.code(&factor.secret, 0);
    let body = json!({ "email": ALICE, "password": PASSWORD, "otp": otp, "mode": "cookie" });
    let known = kw.post("/auth/login").json(&body).send();
    let mark = known.device().unwrap();
    kw.advance(30);
    let mut looked_at = 0;
    for _ in 0..4 {
        for _ in 0..5 {
            let otp = wrong(kw, &factor);
            let body = json!({ "email": ALICE, "password": PASSWORD, "otp": otp });
            let ask = kw.post("/auth/login").device(&mark).json(&body);
            looked_at += i32::from(ask.send().status == 401);
        }
        done(kw, "POST", &of(alice, "/unlock"), &token);
    }
    assert_eq!(looked_at, 5);
    assert_eq!(told(kw, "codes_guessed"), 1);
});

both!(attack_h2_what_was_forgiven_is_told_of_still, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    for round in 1..=6 {
        for _ in 0..5 {
            kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
        }
        kw.sign_in(ALICE, WRONG).refused(429, "REQUESTS_EXCEEDED");
        done(kw, "POST", &of(alice, "/unlock"), &token);
        // Each tenth of all of them.
        assert_eq!(told(kw, "account_guessed"), round / 2, "{round}");
    }
    assert_eq!(told(kw, "account_unlocked"), 6);
    // Its owner's success is the end of it.
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
    for _ in 0..5 {
        kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
    }
    assert_eq!(told(kw, "account_guessed"), 3);
});

both!(
    attack_h2_no_key_unlocks_and_nobody_unlocks_themselves,
    |kw| {
        let (root, token) = administrator(kw);
        let alice = kw.account(ALICE);
        let key = kw.key_in(root, &["admin"], None);
        for email in [ALICE, ROOT] {
            kw.exhaust(email);
        }
        let before = kw.counters();
        let refused = kw.post(&of(alice, "/unlock")).bearer(&key).send();
        refused.refused(403, "FORBIDDEN");
        assert!(refused.body.contains("API key"), "{refused:?}");
        let own = kw.post(&of(root, "/unlock")).bearer(&token).send();
        own.refused(409, "CONFLICT");
        assert_eq!(kw.counters(), before);
        assert_eq!(told(kw, "account_unlocked"), 0);
        kw.sign_in(ALICE, PASSWORD)
            .refused(429, "REQUESTS_EXCEEDED");
    }
);

both!(
    attack_h2_an_unlock_asks_for_a_fresh_proof,
    &[("KEYWARD_STEP_UP_MAX_AGE", "1h")],
    |kw| {
        administrator(kw);
        let alice = kw.account(ALICE);
        let refresh = kw.sign_in(ROOT, PASSWORD).tokens().1;
        kw.advance(3601);
        kw.exhaust(ALICE);
        let token = kw.refresh(&refresh).tokens().0;
        let path = of(alice, "/unlock");
        let refused = kw.post(&path).bearer(&token).send();
        refused.refused(401, "STEP_UP_REQUIRED");
        kw.sign_in(ALICE, PASSWORD)
            .refused(429, "REQUESTS_EXCEEDED");
    }
);
