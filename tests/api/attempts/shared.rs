//! One account, one budget (semantics 4): whatever route checks a secret of it, however
//! its owner is spelled. What the budget's end looks like on seed O's face (O-31), what
//! an unproven e-mail address does (O-30), and what is left of a flood (B15).

use keyward::domain::password::Password;
use keyward::service::accounts::administer;
use keyward::service::upkeep::purge;
use serde_json::json;

use crate::support::{Answer, PASSWORD, WRONG};

const ALICE: &str = "alice@example.com";

/// A wrong guess, by one of the ways to make one.
type Route<'a> = Box<dyn Fn() -> Answer + 'a>;

both!(b8_every_way_to_sign_in_shares_the_budget, |kw| {
    kw.add(ALICE, Some("alice"), false);
    let routes: [(&str, Route<'_>); 3] = [
        ("directus", Box::new(|| kw.sign_in(ALICE, WRONG))),
        ("oisp", Box::new(|| kw.oisp_sign_in(ALICE, WRONG))),
        ("by name", Box::new(|| kw.oisp_sign_in("alice", WRONG))),
    ];
    let mut failures = 0;
    for (name, ask) in routes.iter().cycle().take(9) {
        kw.advance(16);
        let answer = ask();
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        failures += 1;
        assert_eq!(kw.counters_at(failures), 1, "{name} counts");
        assert_eq!(kw.count("limits"), 1, "{name} has no budget of its own");
    }
    // Used up, it is used up on each of them, and nothing more is counted.
    let before = kw.state();
    for (name, ask) in &routes {
        let answer = ask();
        let oisp = ["oisp", "by name"].contains(name);
        assert_eq!(answer.status, if oisp { 403 } else { 429 }, "{name}");
        assert_eq!(answer.header("retry-after"), Some("16"), "{name}");
    }
    assert_eq!((kw.counters_at(failures), kw.state()), (1, before));
});

both!(b9_no_other_spelling_of_the_path_is_a_way_around, |kw| {
    kw.account(ALICE);
    kw.exhaust(ALICE);
    for path in [
        "//auth/login",
        "/auth//login",
        "/auth/login/",
        "/%61uth/login",
        "/auth/login;x",
        "/auth/%6Cogin",
        "/AUTH/LOGIN",
        "/./auth/login",
        "/x/../auth/login",
        "/auth/login?x=1",
    ] {
        let body = json!({ "email": ALICE, "password": PASSWORD });
        let answer = kw.post(path).json(&body).send();
        match answer.status {
            429 => answer.limited(1),
            _ => answer.refused(404, "ROUTE_NOT_FOUND"),
        }
    }
});

both!(b10_one_account_has_one_budget_however_it_is_spelled, |kw| {
    let spellings = [
        "alice@example.com",
        "Alice@Example.COM",
        "ALICE@EXAMPLE.COM",
        "\u{ff41}lice@example.com",
        "alice@ex\u{ff41}mple.com",
        "\u{24d0}lice@example.com",
    ];
    for there in [false, true] {
        if there {
            kw.account(ALICE);
        }
        for email in &spellings[..5] {
            let answer = kw.sign_in(email, WRONG);
            answer.refused(401, "INVALID_CREDENTIALS");
        }
        for email in spellings {
            kw.sign_in(email, PASSWORD).limited(1);
        }
        // Another mailbox is another account.
        for email in ["alice+tag@example.com", "a.lice@example.com"] {
            let answer = kw.sign_in(email, WRONG);
            answer.refused(401, "INVALID_CREDENTIALS");
        }
    }
    // Not an address, so not an attempt.
    let answer = kw.sign_in("alice@exa mple.com", PASSWORD);
    answer.refused(400, "INVALID_PAYLOAD");
});

both!(o31_a_limited_account_is_locked_in_the_words_of_oisp, |kw| {
    kw.account(ALICE);
    for email in [ALICE, "nobody@example.com"] {
        for _ in 0..5 {
            let answer = kw.oisp_sign_in(email, WRONG);
            assert_eq!(answer.status, 401, "{answer:?}");
        }
        let before = kw.state();
        for password in [PASSWORD, WRONG] {
            let answer = kw.oisp_sign_in(email, password);
            assert_eq!(answer.status, 403, "{answer:?}");
            let locked = json!({ "code": 2403, "message": "Account locked" });
            assert_eq!(answer.json(), locked);
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
        assert_eq!(kw.state(), before);
    }
    kw.advance(1);
    assert_eq!(kw.oisp_sign_in(ALICE, PASSWORD).status, 200);
    // Success resets: five are free again.
    for _ in 0..5 {
        assert_eq!(kw.oisp_sign_in(ALICE, WRONG).status, 401);
    }
    assert_eq!(kw.oisp_sign_in(ALICE, PASSWORD).status, 403);
});

// An address that is used up says nothing about an account, so it is not "locked".
both!(o31_a_limited_address_is_not_a_locked_account, |kw| {
    kw.account(ALICE);
    let ask = |username: &str| {
        let body = json!({ "username": username, "password": WRONG });
        let ask = kw.post("/v1/api/auth/token").json(&body);
        ask.peer("203.0.113.9").send()
    };
    for number in 0..30 {
        assert_eq!(ask(&format!("nobody{number}@example.com")).status, 401);
    }
    let answer = ask(ALICE);
    assert_eq!(
        (answer.status, answer.json()["code"].as_i64()),
        (429, Some(429))
    );
    assert_eq!(answer.header("retry-after"), Some("300"));
});

both!(
    o30_an_unproven_email_address_signs_nobody_in,
    &[("KEYWARD_REQUIRE_VERIFIED_EMAIL", "on")],
    |kw| {
        kw.account(ALICE);
        let before = kw.state();
        let answer = kw.oisp_sign_in(ALICE, PASSWORD);
        assert_eq!(answer.status, 401, "{answer:?}");
        let words = json!({ "code": 2402, "message": "User's email not verified" });
        assert_eq!(answer.json(), words);
        // Only who knows the password is told.
        for (email, password) in [(ALICE, WRONG), ("nobody@example.com", PASSWORD)] {
            let answer = kw.oisp_sign_in(email, password);
            let words = json!({ "code": 401, "message": "Not Authorized" });
            assert_eq!((answer.status, answer.json()), (401, words));
        }
        // Directus has no word for it: nothing tells it from a wrong password.
        let right = kw.sign_in(ALICE, PASSWORD);
        let wrong = kw.sign_in(ALICE, WRONG);
        right.refused(401, "INVALID_CREDENTIALS");
        assert_eq!(right.body, wrong.body);
        let told = |answer: &Answer| {
            let mut headers = answer.headers.clone();
            headers.retain(|(name, _)| name != "x-request-id");
            headers
        };
        assert_eq!(told(&right), told(&wrong));
        assert_eq!(kw.state(), before);
        // Also in the counter: five attempts, right or wrong, and then a wait.
        kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
        kw.sign_in(ALICE, PASSWORD).limited(1);
        kw.add_verified("bob@example.com");
        assert_eq!(kw.sign_in("bob@example.com", PASSWORD).status, 200);
        assert_eq!(kw.oisp_sign_in("bob@example.com", PASSWORD).status, 200);
    }
);

// The table holds what was tried of late, and housekeeping takes the rest away.
both!(b15_a_flood_of_names_leaves_nothing_behind, |kw| {
    kw.account(ALICE);
    kw.exhaust("nobody@example.com");
    // As for names that nobody has, so for accounts: or the table would tell them apart.
    kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
    for number in 0..60 {
        let peer = format!("198.51.100.{}", number / 20);
        let email = format!("nobody{number}@example.com");
        kw.ask_sign_in(&email, WRONG).peer(&peer).send();
    }
    let left_after = |seconds, left, why| {
        kw.advance(seconds);
        purge::purge(&kw.kw, kw.kw.clock.now()).unwrap();
        assert_eq!(kw.count("limits"), left, "{why}");
    };
    left_after(0, 65, "nothing is old");
    left_after(301, 62, "addresses are kept for five minutes");
    left_after(86_100, 1, "names that few guesses were made at for a day");
    left_after(29 * 86_400, 0, "the others for thirty days");
});

both!(
    b15_e5_a_suspended_name_stays_so_whether_or_not_it_is_an_account,
    |kw| {
        let alice = kw.account(ALICE);
        let ghost = "nobody@example.com";
        for email in [ALICE, ghost] {
            for _ in 0..100 {
                kw.sign_in(email, WRONG).refused(401, "INVALID_CREDENTIALS");
                kw.advance(900);
            }
        }
        for _ in 0..3 {
            kw.advance(400 * 86_400);
            purge::purge(&kw.kw, kw.kw.clock.now()).unwrap();
            for email in [ALICE, ghost] {
                // One attempt of this day's is looked at, and no second one.
                kw.sign_in(email, WRONG).refused(401, "INVALID_CREDENTIALS");
                kw.sign_in(email, PASSWORD).limited(86_400);
            }
        }
        let new = Password::parse("another battery staple").unwrap();
        administer::set_password(&kw.kw, alice, &new).unwrap();
        assert_eq!(kw.sign_in(ALICE, "another battery staple").status, 200);
    }
);
