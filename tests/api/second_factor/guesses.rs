//! Guessing at a second factor: one budget for codes, recovery codes and passwords, and
//! nothing but its counter moves.

use std::time::Duration;

use keyward::domain::password::Password;
use keyward::service::accounts::administer;
use serde_json::json;

use crate::support::{PASSWORD, TestKeyward, account_of};

const ALICE: &str = "alice@example.com";
const NEW: &str = "another battery staple";

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
    // Five, after 1, 2, 4, 8 and 16 seconds, and then none of this day's is left.
    assert_eq!(looked_at, 10);
    // Waiting is for the right code too, and it is not used up by being refused.
    let refused = kw.login_with(ALICE, kw.code(&factor.secret, 0));
    refused.refused(429, "REQUESTS_EXCEEDED");
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    kw.advance(7200);
    kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();
});

// With three codes of a million right at a time, 33 a day would be one in ten thousand.
both!(
    m4_of_a_thousand_guesses_a_day_twenty_two_are_looked_at,
    &[("KEYWARD_REFRESH_TOKEN_TTL", "7d")],
    |kw| {
        let (access, _, factor) = kw.with_factor(ALICE);
        let account = account_of(&access);
        let stored = kw.factor_state(&access);
        let right = |kw: &TestKeyward| kw.code(&factor.secret, 0);
        let mut looked_at = 0;
        for round in 0..288 {
            // Signing in himself, as he may do at any time, the owner buys nobody guesses:
            // it ends the account's row of failures, and no more.
            if round == 144 {
                kw.execute(
                    "DELETE FROM limits WHERE failures > 10",
                    "DELETE FROM limits WHERE failures > 10",
                );
            }
            let mut wrong = right(kw).into_bytes();
            // Never one of the three that are right now.
            while [-1, 0, 1]
                .map(|step| kw.code(&factor.secret, step).into_bytes())
                .contains(&wrong)
            {
                wrong[5] = b'0' + (wrong[5] - b'0' + 1) % 10;
            }
            let answer = kw.login_with(ALICE, String::from_utf8(wrong).unwrap());
            match answer.status {
                401 => looked_at += 1,
                _ => answer.refused(429, "REQUESTS_EXCEEDED"),
            }
            kw.advance(300);
        }
        assert!((20..=22).contains(&looked_at), "{looked_at}");
        assert_eq!(kw.factor_state(&access), stored);
        let told = kw.audit(account);
        assert!(told.iter().any(|what| what == "codes_guessed"), "{told:?}");
    }
);

both!(m4_a_success_gives_its_own_code_back_and_no_other, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let wrong = wrong(kw, &factor.secret);
    for round in 0..10 {
        kw.login_with(ALICE, wrong.as_str())
            .refused(401, "INVALID_OTP");
        if round < 9 {
            kw.advance(30);
            kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();
        }
    }
    kw.advance(30);
    let refused = kw.login_with(ALICE, kw.code(&factor.secret, 0));
    refused.refused(429, "REQUESTS_EXCEEDED");
    // The first of them was 300 seconds ago.
    assert_eq!(refused.header("retry-after"), Some("6900"));
    // An operator who sets the password frees the owner; one's own change of it does not,
    // since it proves no code.
    let alice = account_of(&access);
    let typed = [PASSWORD, NEW, &kw.code(&factor.secret, 0)];
    kw.change_password_with(&access, typed).tokens();
    kw.advance(30);
    let again = |password| {
        let otp = kw.code(&factor.secret, 0);
        let body = json!({ "email": ALICE, "password": password, "otp": otp });
        kw.post("/auth/login").json(&body).send()
    };
    again(NEW).refused(429, "REQUESTS_EXCEEDED");
    administer::set_password(&kw.kw, alice, &Password::parse(PASSWORD).unwrap()).unwrap();
    again(PASSWORD).tokens();
});

both!(m4_a_known_browser_has_codes_of_its_own, |kw| {
    let (_, _, factor) = kw.with_factor(ALICE);
    let by_cookie = |otp: &str, device: &str| {
        let body = json!({ "email": ALICE, "password": PASSWORD, "otp": otp, "mode": "cookie" });
        let cookie = format!("__Host-keyward_device={device}");
        let ask = kw.post("/auth/login").json(&body);
        ask.header("cookie", &cookie).send()
    };
    let answer = by_cookie(&kw.code(&factor.secret, 0), "");
    let cookies = answer.set_cookies().join("\n");
    let (_, device) = cookies.split_once("keyward_device=").unwrap();
    let device = device.split(';').next().unwrap().to_owned();
    let wrong = wrong(kw, &factor.secret);
    for _ in 0..10 {
        kw.advance(60);
        kw.login_with(ALICE, wrong.as_str())
            .refused(401, "INVALID_OTP");
    }
    kw.advance(60);
    kw.login_with(ALICE, kw.code(&factor.secret, 0))
        .refused(429, "REQUESTS_EXCEEDED");
    let answer = by_cookie(&kw.code(&factor.secret, 0), &device);
    assert_eq!(answer.status, 200, "{answer:?}");
});

both!(m16_every_way_to_sign_in_has_the_same_budget, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    let wrong = wrong(kw, &factor.secret);
    let recovery_codes = ["AAAA-BBBB-CCCC-DDDD", "AAAA-BBBB-CCCC-EEEE"];
    for otp in recovery_codes.into_iter().chain([wrong.as_str(), &wrong]) {
        kw.login_with(ALICE, otp).refused(401, "INVALID_OTP");
    }
    kw.sign_in(ALICE, "wrong")
        .refused(401, "INVALID_CREDENTIALS");
    // The sixth is not looked at, wherever it comes.
    let (code, recovery) = (kw.code(&factor.secret, 0), factor.recovery[0].as_str());
    for otp in [code.as_str(), recovery] {
        kw.login_with(ALICE, otp).refused(429, "REQUESTS_EXCEEDED");
        let body = json!({ "username": ALICE, "password": PASSWORD, "otp": otp });
        let oisp = kw.post("/v1/api/auth/token").json(&body).send();
        // As the original says it of a locked account.
        assert_eq!((oisp.status, &oisp.json()["code"]), (403, &json!(2403)));
    }
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    kw.advance(1);
    kw.login_with(ALICE, recovery).tokens();
});

// A token alone neither shuts the owner's second factor nor finds a code of it.
both!(
    attack_m5_what_a_session_guesses_is_counted_by_itself,
    |kw| {
        let (access, _, factor) = kw.with_factor(ALICE);
        let wrong = wrong(kw, &factor.secret);
        let (mine, _) = kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();
        kw.advance(30);
        let (before, stored) = (kw.state(), kw.factor_state(&access));
        let account = account_of(&access);
        let told = kw.audit(account);
        let guess = |access: &str, number: usize, otp: &str| {
            let both = json!({ "password": PASSWORD, "otp": otp });
            let ask = match number % 3 {
                0 => kw
                    .post("/users/me/tfa/disable")
                    .json(&json!({ "otp": otp })),
                1 => kw.post("/auth/mfa/recovery-codes").json(&both),
                _ => kw.delete("/auth/mfa/totp").json(&both),
            };
            ask.bearer(access).send()
        };
        for number in 0..5 {
            let answer = guess(&access, number, &wrong);
            match number % 3 {
                0 => answer.refused(400, "INVALID_PAYLOAD"),
                _ => answer.refused(403, "INVALID_OTP"),
            }
        }
        // Closed to this session, on every route and for the right code too.
        for number in 0..6 {
            kw.advance(60);
            let answer = guess(&access, number, &kw.code(&factor.secret, 0));
            answer.refused(429, "REQUESTS_EXCEEDED");
            assert_eq!(answer.header("retry-after"), None);
            assert!(answer.body.contains("sign in again"), "{answer:?}");
        }
        assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
        assert_eq!(
            kw.audit(account),
            told,
            "nobody knows the password, so no alarm"
        );
        // The owner signs in, and his other session is as free as it was.
        kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();
        kw.advance(30);
        let body = json!({ "password": PASSWORD, "otp": kw.code(&factor.secret, 0) });
        let ask = kw.delete("/auth/mfa/totp").bearer(&mine).json(&body);
        ask.send().tokens();
    }
);

// Ten wrong codes, each after the wait that is told, and then the right one.
both!(
    clients_27a_the_longest_wait_is_told_and_charged_once,
    |kw| {
        let (_, _, factor) = kw.with_factor(ALICE);
        for _ in 0..10 {
            let wrong = wrong(kw, &factor.secret);
            kw.login_with(ALICE, wrong).refused(401, "INVALID_OTP");
            // What is no code costs no guess, and tells the wait.
            let wait = kw.login_with(ALICE, "no code");
            let wait = wait
                .header("retry-after")
                .map_or(0, |it| it.parse().unwrap());
            // The last one is told to wait for the bucket of codes.
            if wait < 7000 {
                kw.advance(wait);
            } else {
                let counters = kw.counters();
                let code = kw.code(&factor.secret, 0);
                let refused = kw.login_with(ALICE, code.as_str());
                refused.refused(429, "REQUESTS_EXCEEDED");
                assert_eq!(kw.counters(), counters, "nothing is charged");
                kw.advance(wait);
                kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();
                return;
            }
        }
        panic!("the bucket of codes was never told of");
    }
);

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
            .refused(403, "INVALID_OTP");
    }
    kw.confirm_enrolment(&access, &kw.code(&secret, 0))
        .refused(429, "REQUESTS_EXCEEDED");
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    // Another session of the owner's confirms it.
    let (other, _) = kw.login_without(ALICE).tokens();
    kw.confirm_enrolment(&other, &kw.code(&secret, 0)).tokens();
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
            .refused(403, "INVALID_OTP");
    }
    let ask = kw.post("/users/me/tfa/disable").bearer(&access);
    ask.json(&json!({ "otp": wrong }))
        .send()
        .refused(400, "INVALID_PAYLOAD");
    assert_eq!(
        (kw.state(), kw.factor_state(&access), counts()),
        (before, stored, rows)
    );
    assert_eq!(kw.count("limits"), 3, "of account, codes and session");
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
