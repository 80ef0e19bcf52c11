//! A right secret is no guess where the service could not carry out what it opens: counted as one, an
//! outage of the database would end in a lock-out (semantics 5).

use serde_json::json;

use crate::support::{Fault, PASSWORD, TestKeyward, wait_until};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
const WRONG: &str = "wrong horse battery";
const HERE: &str = "203.0.113.7";

fn sign_in_from(kw: &TestKeyward, email: &str, password: &str) -> crate::support::Answer {
    let body = json!({ "email": email, "password": password });
    kw.post("/auth/login").peer(HERE).json(&body).send()
}

/// No counter makes somebody wait, or is told to others as a guess. Whose answer took long is given the
/// attempt back beside it.
fn nothing_counts(kw: &TestKeyward) {
    wait_until(|| kw.count("limits WHERE failures > 0") == 0);
}

both!(
    operators_72_a_right_password_is_no_guess_in_an_outage,
    |kw| {
        kw.account(ALICE);
        kw.account(BOB);
        for fault in [Fault::Fails, Fault::CommitFails] {
            for (verb, table) in [("INSERT", "sessions"), ("INSERT", "audit_events")] {
                kw.inject(fault, verb, table);
                // More than an account, and than a household, has free.
                for _ in 0..35 {
                    let answer = sign_in_from(kw, ALICE, PASSWORD);
                    answer.refused(503, "SERVICE_UNAVAILABLE");
                    nothing_counts(kw);
                }
                kw.mend();
                assert_eq!(sign_in_from(kw, BOB, PASSWORD).status, 200);
                assert_eq!(sign_in_from(kw, ALICE, PASSWORD).status, 200);
            }
        }
        assert_eq!(kw.count("login_attempts WHERE outcome <> 'ok'"), 0);
    }
);

both!(operators_72_a_wrong_password_is_one_all_the_same, |kw| {
    kw.account(ALICE);
    // What it opens is away, and so is where it is written down.
    for table in ["sessions", "login_attempts"] {
        kw.inject(Fault::Fails, "INSERT", table);
        let mut statuses = Vec::new();
        for _ in 0..6 {
            statuses.push(sign_in_from(kw, ALICE, WRONG).status);
        }
        kw.mend();
        assert_eq!(statuses[5], 429, "{table}: {statuses:?}");
        sign_in_from(kw, ALICE, PASSWORD).limited(1);
        kw.advance(31 * 86_400);
        assert_eq!(sign_in_from(kw, ALICE, PASSWORD).status, 200);
    }
});

both!(operators_72_right_codes_and_proofs_are_no_guesses, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let secret = kw.enrol_in_directus(&access);
    let access = kw.login_with(ALICE, kw.code(&secret, 1)).tokens().0;
    kw.inject(Fault::Fails, "INSERT", "sessions");
    for _ in 0..10 {
        kw.advance(30);
        let answer = kw.login_with(ALICE, kw.code(&secret, 1));
        answer.refused(503, "SERVICE_UNAVAILABLE");
        nothing_counts(kw);
    }
    kw.mend();
    kw.inject(Fault::Fails, "INSERT", "audit_events");
    for _ in 0..8 {
        kw.advance(30);
        let body = json!({ "password": PASSWORD, "otp": kw.code(&secret, 1) });
        let answer = kw.post("/auth/step-up").bearer(&access).json(&body).send();
        answer.refused(503, "SERVICE_UNAVAILABLE");
        nothing_counts(kw);
    }
    kw.mend();
    kw.advance(30);
    let body = json!({ "password": PASSWORD, "otp": kw.code(&secret, 1) });
    let answer = kw.post("/auth/step-up").bearer(&access).json(&body).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    for what in ["codes_guessed", "account_guessed"] {
        assert_eq!(kw.count(&format!("audit_events WHERE what = '{what}'")), 0);
    }
});
