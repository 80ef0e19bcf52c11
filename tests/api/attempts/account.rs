//! Guessing at one account's secrets is slowed (semantics 4): five attempts are free,
//! then each failure doubles the wait, up to fifteen minutes; after a hundred in a row
//! the password is suspended. An attempt is counted before it is looked at, in the
//! database, so neither a burst nor another replica nor a restart gives more.

use keyward::domain::mail_letter::LetterPurpose;
use keyward::domain::password::Password;
use keyward::service::accounts::administer;
use serde_json::json;

use crate::support::{Fault, PASSWORD, WRONG};

const ALICE: &str = "alice@example.com";

both!(b1_the_wait_doubles_from_the_fifth_failure_on, |kw| {
    let (access, refresh) = kw.signed_in(ALICE);
    let waits = [
        0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900,
    ];
    for (failures, wait) in (1..).zip(waits) {
        kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
        let stored = (kw.state(), kw.count("login_attempts"));
        assert_eq!(kw.counters_at(failures), 1);
        if wait > 0 {
            // The right password is no better, up to the last second.
            kw.sign_in(ALICE, PASSWORD).limited(wait);
            kw.advance(wait - 1);
            kw.sign_in(ALICE, PASSWORD).limited(1);
            kw.sign_in(ALICE, WRONG).limited(1);
            kw.advance(1);
        }
        assert_eq!((kw.state(), kw.count("login_attempts")), stored);
        // What was refused was not counted either.
        assert_eq!(kw.counters_at(failures), 1);
    }
    // Who was signed in stays so.
    assert!(kw.session_of(&access).ended.is_none());
    assert_eq!(kw.refresh(&refresh).outcome(), "fresh");
    // And who waits gets in, which ends the row of failures.
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
    assert_eq!(kw.count("limits"), 0);
    kw.exhaust(ALICE);
});

both!(
    attack_m3_b1_after_a_hundred_failures_one_try_a_day_is_looked_at,
    &[("KEYWARD_REFRESH_TOKEN_TTL", "7d")],
    |kw| {
        let (access, refresh) = kw.signed_in(ALICE);
        let stranger = |password| {
            let ask = kw.ask_sign_in(ALICE, password).peer("198.51.100.7");
            ask.send()
        };
        let at_home = || kw.ask_sign_in(ALICE, PASSWORD).peer("192.0.2.1").send();
        at_home().tokens();
        let alice = kw.session_of(&access).account;
        kw.sql("UPDATE accounts SET verified = TRUE");
        for number in 1..=100 {
            // From as many addresses, so that none of them is what is limited.
            let answer = kw
                .ask_sign_in(ALICE, WRONG)
                .peer(&format!("203.0.113.{number}"))
                .send();
            answer.refused(401, "INVALID_CREDENTIALS");
            let told = kw.audit(alice);
            let of = |what: &str| told.iter().filter(|it| *it == what).count();
            assert_eq!(
                of("account_guessed"),
                usize::from(number >= 10) + usize::from(number >= 50)
            );
            assert_eq!(of("account_suspended"), usize::from(number == 100));
            kw.advance(900);
        }
        // One mail tells the owner.
        let told: Vec<_> = kw.mails().into_iter().map(|mail| mail.purpose).collect();
        assert_eq!(told, [LetterPurpose::Locked]);
        // Not a try in fifteen minutes any more, but one in a day.
        let attempts = kw.count("login_attempts");
        stranger(PASSWORD).limited(86_400 - 900);
        kw.advance(86_400 - 901);
        stranger(PASSWORD).limited(1);
        assert_eq!(kw.count("login_attempts"), attempts);
        kw.advance(1);
        stranger(WRONG).refused(401, "INVALID_CREDENTIALS");
        stranger(PASSWORD).limited(86_400);
        // From where its owner signed in of late nobody guessed.
        at_home().tokens();
        stranger(PASSWORD).limited(86_400);
        assert!(kw.session_of(&access).ended.is_none());
        assert_eq!(kw.refresh(&refresh).outcome(), "fresh");
        let new = Password::parse("another battery staple").unwrap();
        administer::set_password(&kw.kw, alice, &new).unwrap();
        assert_eq!(stranger("another battery staple").status, 200);
    }
);

both!(
    b2_of_two_hundred_parallel_guesses_at_most_five_are_looked_at,
    &[("KEYWARD_PASSWORD_QUEUE", "400")],
    |kw| {
        kw.account(ALICE);
        let asks = (0..200).map(|_| kw.ask_sign_in(ALICE, WRONG)).collect();
        let answers = kw.all(asks);
        let (wrong, others): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == 401);
        assert!((1..=5).contains(&wrong.len()), "{}", wrong.len());
        for answer in others {
            match answer.status {
                // Two were in flight already (`attack_m2`).
                503 => assert_eq!(answer.header("retry-after"), Some("1")),
                _ => answer.limited(1),
            }
        }
        let wrong = i64::try_from(wrong.len()).unwrap();
        assert_eq!(kw.count("login_attempts"), wrong);
        assert_eq!((kw.count("limits"), kw.counters_at(wrong)), (1, 1));
    }
);

// A parallel burst with the right password in it is no way around either: each attempt
// is a failure until it has succeeded.
both!(
    b2_a_burst_of_right_and_wrong_is_at_most_what_the_budget_allows,
    &[("KEYWARD_PASSWORD_QUEUE", "400")],
    |kw| {
        kw.account(ALICE);
        let asks = (0..60).map(|n| kw.ask_sign_in(ALICE, if n == 30 { PASSWORD } else { WRONG }));
        let statuses: Vec<_> = kw.all(asks.collect()).iter().map(|a| a.status).collect();
        assert!(
            statuses
                .iter()
                .all(|status| [200, 401, 429, 503].contains(status))
        );
        let looked_at: i64 = statuses.iter().map(|it| i64::from(*it < 429)).sum();
        // The one success, where it came through, gave the others their five anew.
        let most = if statuses[30] == 200 { 11 } else { 5 };
        assert!(looked_at <= most, "{statuses:?}");
        assert_eq!(kw.count("login_attempts"), looked_at);
    }
);

both!(e5_an_account_that_is_not_there_is_limited_alike, |kw| {
    kw.account(ALICE);
    let disabled = kw.account("disabled@example.com");
    administer::set_enabled(&kw.kw, disabled, false).unwrap();
    let mut seen = Vec::new();
    for email in [ALICE, "nobody@example.com", "disabled@example.com"] {
        let mut answers = Vec::new();
        for _ in 0..8 {
            let answer = kw.sign_in(email, WRONG);
            let retry_after = answer.header("retry-after").map(str::to_owned);
            answers.push((answer.status, answer.body, retry_after));
        }
        assert_eq!(answers[4].0, 401);
        assert_eq!(answers[5].0, 429);
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
});

both!(
    b12_a_password_without_its_second_factor_clears_nothing,
    |kw| {
        let (access, _) = kw.signed_in(ALICE);
        kw.enrol_totp(&access);
        let body = json!({ "email": ALICE, "password": PASSWORD, "otp": "000000" });
        for _ in 0..2 {
            kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
        }
        kw.sign_in(ALICE, PASSWORD).refused(401, "INVALID_OTP");
        for _ in 0..2 {
            let answer = kw.post("/auth/login").json(&body).send();
            answer.refused(401, "INVALID_OTP");
        }
        kw.post("/auth/login").json(&body).send().limited(1);
        kw.sign_in(ALICE, PASSWORD).limited(1);
        assert_eq!(kw.counters_at(5), 1);
    }
);

both!(b13_replicas_and_restarts_share_one_budget, |kw| {
    kw.account(ALICE);
    let replica = kw.replica();
    for keyward in [kw, &replica, kw, &replica, kw] {
        let answer = keyward.sign_in(ALICE, WRONG);
        answer.refused(401, "INVALID_CREDENTIALS");
    }
    let restarted = kw.replica();
    for keyward in [kw, &replica, &restarted] {
        keyward.sign_in(ALICE, PASSWORD).limited(1);
    }
    // A success is known everywhere too.
    replica.advance(1);
    assert_eq!(replica.sign_in(ALICE, PASSWORD).status, 200);
    restarted.exhaust(ALICE);
    kw.sign_in(ALICE, PASSWORD).limited(1);
});

both!(b16_without_the_counters_no_password_is_looked_at, |kw| {
    let alice = kw.account(ALICE);
    for (verb, failures) in [("INSERT", 0), ("UPDATE", 1)] {
        if failures == 1 {
            kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
        }
        // Looked at, a record that can not be read would be 401.
        let record = kw.record_of(alice).unwrap();
        kw.set_record(alice, "damaged");
        let stored = (kw.state(), kw.count("login_attempts"));
        for fault in [Fault::ChangesNothing, Fault::Fails, Fault::CommitFails] {
            kw.inject(fault, verb, "limits");
            for password in [PASSWORD, WRONG] {
                let answer = kw.sign_in(ALICE, password);
                answer.refused(503, "SERVICE_UNAVAILABLE");
                assert_eq!(answer.header("retry-after"), Some("1"));
                assert!(!answer.body.contains("limits"), "{answer:?}");
            }
            kw.mend();
        }
        assert_eq!((kw.state(), kw.count("login_attempts")), stored);
        assert_eq!(kw.counters_at(failures), failures);
        kw.set_record(alice, &record);
    }
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
});

// The other half: what can not be taken back was not a success.
both!(b16_without_its_release_no_session_begins, |kw| {
    kw.account(ALICE);
    let before = kw.state();
    for fault in [Fault::Fails, Fault::CommitFails] {
        kw.inject(fault, "DELETE", "limits");
        kw.sign_in(ALICE, PASSWORD)
            .refused(503, "SERVICE_UNAVAILABLE");
        kw.mend();
        assert_eq!(kw.state(), before, "{fault:?}");
    }
    // The first could not be given back either; the second was.
    assert_eq!((kw.counters_at(1), kw.counters_at(2)), (1, 0));
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
});

both!(b18_a_refused_attempt_costs_no_hash_and_no_row, |kw| {
    let alice = kw.account(ALICE);
    kw.exhaust(ALICE);
    kw.booby_trap(alice);
    let stored = (kw.state(), kw.count("login_attempts"), kw.count("limits"));
    for _ in 0..50 {
        kw.sign_in(ALICE, PASSWORD).limited(1);
    }
    let after = (kw.state(), kw.count("login_attempts"), kw.count("limits"));
    assert_eq!(after, stored);
    // The trap works.
    kw.advance(1);
    kw.sign_in(ALICE, PASSWORD)
        .refused(500, "INTERNAL_SERVER_ERROR");
});
