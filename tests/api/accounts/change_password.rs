//! `POST /auth/password/change`: the owner's own password, and the caller's other
//! sessions end with it. Which passwords may be chosen, and that every byte of them
//! counts (semantics 5; rows P1 to P7, P10, P11, P14, P15).

use serde_json::{Value, json};

use crate::support::{PASSWORD, WRONG, text};

const ALICE: &str = "alice@example.com";
const NEW: &str = "another battery staple";

both!(
    attack_m6_p7_a_change_ends_every_session_and_begins_one,
    |kw| {
        let (access, refresh) = kw.signed_in(ALICE);
        let other = kw.login(ALICE);
        let (other, other_refresh) = (text(&other, "access_token"), text(&other, "refresh_token"));
        let oisp = kw.oisp_login(ALICE);
        let (bob, _) = kw.signed_in("bob@example.com");
        let replica = kw.replica();
        kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");

        let answer = kw.change_password(&access, PASSWORD, NEW);
        let (new, new_refresh) = answer.tokens();
        assert!(answer.set_cookies().is_empty());
        assert_eq!(answer.header("cache-control"), Some("no-store"));

        replica.catch_up();
        for keyward in [kw, &replica] {
            assert_eq!((keyward.me(&new), keyward.me(&bob)), (200, 200));
            // Whoever shares the caller's session is out at once.
            for ended in [&access, &other, &oisp] {
                let answer = keyward.get("/auth/me").bearer(ended).send();
                answer.refused(401, "INVALID_TOKEN");
            }
        }
        for ended in [&refresh, &other_refresh] {
            kw.refresh(ended).refused(401, "INVALID_CREDENTIALS");
        }
        let exchange = kw.get(&format!("/auth/token?token={access}")).send();
        exchange.refused(401, "INVALID_TOKEN");
        assert_eq!(kw.refresh(&new_refresh).outcome(), "fresh");
        kw.sign_in(ALICE, PASSWORD)
            .refused(401, "INVALID_CREDENTIALS");
        assert_eq!(kw.sign_in(ALICE, NEW).status, 200);
        let account = kw.session_of(&access).account;
        let audit = kw.audit(account);
        let changes = audit.iter().filter(|it| it.contains("password_changed"));
        assert_eq!(changes.count(), 1, "{audit:?}");
    }
);

both!(p7_a_change_needs_the_present_password, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let alice = kw.session_of(&access).account;
    let before = (kw.state(), kw.record_of(alice), kw.audit(alice));
    for failures in 1..=5 {
        let answer = kw.change_password(&access, WRONG, NEW);
        answer.refused(403, "WRONG_PASSWORD");
        assert_eq!(answer.header("www-authenticate"), None);
        assert!(answer.body.contains("not your present password"));
        assert_eq!(kw.counters_at(failures), 1, "it counts against the session");
    }
    // The route is closed to this session, and waiting does not help.
    for _ in 0..2 {
        let closed = kw.change_password(&access, PASSWORD, NEW);
        closed.refused(429, "REQUESTS_EXCEEDED");
        assert!(closed.body.contains("sign in again"), "{closed:?}");
        assert_eq!(closed.header("retry-after"), None);
        let after = (kw.state(), kw.record_of(alice), kw.audit(alice));
        assert_eq!(after, before);
        kw.advance(300);
    }
    // Its owner signs in as ever, and the new session may.
    let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
    kw.change_password(&access, PASSWORD, NEW).tokens();
});

// What is refused here is not counted.
both!(p2_p3_p5_p6_what_can_not_be_changed_to_or_asked, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let alice = kw.session_of(&access).account;
    let before = (kw.state(), kw.record_of(alice), kw.audit(alice));
    let to = |new: &str| json!({ "currentPassword": PASSWORD, "newPassword": new });
    let guessable = "\"newPassword\" is among the first that a guesser would try";
    let short = "\"newPassword\" length must be at least 8 characters long";
    let long = "\"newPassword\" length must be less than or equal to 1024 characters long";
    let table: [(Value, &str); 24] = [
        (json!({}), "\"currentPassword\" is required"),
        (
            json!({ "newPassword": NEW }),
            "\"currentPassword\" is required",
        ),
        (
            json!({ "currentPassword": PASSWORD }),
            "\"newPassword\" is required",
        ),
        (
            json!({ "currentPassword": PASSWORD, "newPassword": null }),
            "\"newPassword\" must be a string",
        ),
        (
            json!({ "currentPassword": PASSWORD, "newPassword": 12_345_678 }),
            "\"newPassword\" must be a string",
        ),
        (
            json!({ "currentPassword": [PASSWORD], "newPassword": NEW }),
            "\"currentPassword\" must be a string",
        ),
        (
            json!({ "currentPassword": PASSWORD, "newPassword": NEW, "email": ALICE }),
            "\"email\" is not a field of this body, which may have currentPassword, newPassword, otp",
        ),
        (to(""), "\"newPassword\" is not allowed to be empty"),
        (to("xK3v\0qL9pZ"), "\"newPassword\" must not hold a NUL"),
        (to("\0"), "\"newPassword\" must not hold a NUL"),
        (to(&"x".repeat(1025)), long),
        (to("xK3vqL9"), short),
        // Eight code points that one normalization makes seven.
        (to("xK3vqLa\u{308}"), short),
        (to("        "), guessable),
        (to("password1234567"), guessable),
        (to("Password1!"), guessable),
        (to("12345678"), guessable),
        (to("qwertyuiop"), guessable),
        (to("iloveyou"), guessable),
        (to("alice123"), guessable),
        (to("alice@example.com"), guessable),
        (to("keyward1"), guessable),
        (to("aaaaaaaaaaaaaaaaaaaa"), guessable),
        (to("abcdefghij"), guessable),
    ];
    for (body, reason) in table {
        let ask = kw.post("/auth/password/change").bearer(&access);
        let answer = ask.json(&body).send();
        answer.refused(400, "INVALID_PAYLOAD");
        let told = &answer.json()["errors"][0]["extensions"]["reason"];
        assert_eq!(told, reason, "{body}");
    }
    let without_token = kw.post("/auth/password/change").json(&to(NEW)).send();
    without_token.refused(401, "INVALID_CREDENTIALS");
    kw.change_password(&access, PASSWORD, &"x".repeat(1_000_000))
        .refused(413, "CONTENT_TOO_LARGE");
    let after = (kw.state(), kw.record_of(alice), kw.audit(alice));
    assert_eq!(after, before);
    assert_eq!(kw.count("limits WHERE failures > 0"), 0);
});

// The estimate costs as much as a hash: nobody makes Keyward judge a password without
// having proven the present one.
both!(attack_l4_the_estimate_is_for_who_has_the_password, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    for guessable in ["password1234567", "x"] {
        let answer = kw.change_password(&access, WRONG, guessable);
        answer.refused(403, "WRONG_PASSWORD");
    }
    assert_eq!(kw.counters_at(2), 1);
});

both!(attack_m6_a_change_by_cookie_answers_another_cookie, |kw| {
    let (access, cookie) = kw.signed_in_by_cookie(ALICE);
    let ask = kw.post("/auth/password/change").bearer(&access);
    let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    let answer = ask.cookie(&cookie).json(&body).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!answer.body.contains("refresh_token"), "{answer:?}");
    let new = answer.cookie().unwrap();
    assert_ne!(new, cookie);
    // The browser that acts is known as it was.
    assert!(answer.device().is_some());
    kw.post("/auth/refresh")
        .cookie(&cookie)
        .send()
        .refused(401, "INVALID_CREDENTIALS");
    let refreshed = kw.post("/auth/refresh").cookie(&new).send();
    assert_eq!(refreshed.outcome(), "fresh");
});

// ASVS asks for both factors where there are two.
both!(
    attack_l15_beside_a_second_factor_a_change_asks_for_it,
    |kw| {
        let (access, _, factor) = kw.with_factor(ALICE);
        let alice = kw.session_of(&access).account;
        let before = (kw.state(), kw.record_of(alice), kw.factor_state(&access));
        let none = kw.change_password(&access, PASSWORD, NEW);
        none.refused(400, "INVALID_PAYLOAD");
        assert!(none.body.contains("recovery code"), "{none:?}");
        let wrong = kw.change_password_with(&access, [PASSWORD, NEW, "no code"]);
        wrong.refused(403, "INVALID_OTP");
        assert_eq!(wrong.header("www-authenticate"), None);
        let code = kw.code(&factor.secret, 0);
        let wrong = kw.change_password_with(&access, [WRONG, NEW, &code]);
        wrong.refused(403, "WRONG_PASSWORD");
        let after = (kw.state(), kw.record_of(alice), kw.factor_state(&access));
        assert_eq!(after, before);
        let answer = kw.change_password_with(&access, [PASSWORD, NEW, &code]);
        let session = kw.session_of(&answer.tokens().0);
        assert_eq!(session.authentication.level, 2);
        // The code is used up.
        let body = json!({ "email": ALICE, "password": NEW, "otp": code });
        let again = kw.post("/auth/login").json(&body).send();
        again.refused(401, "INVALID_OTP");
    }
);

both!(
    p3_the_least_length_can_be_raised,
    &[("KEYWARD_PASSWORD_MIN_LENGTH", "15")],
    |kw| {
        let (access, _) = kw.signed_in(ALICE);
        let answer = kw.change_password(&access, PASSWORD, "xK3vqL9pZmW7rT");
        answer.refused(400, "INVALID_PAYLOAD");
        assert!(answer.body.contains("at least 15 characters"), "{answer:?}");
        let answer = kw.change_password(&access, PASSWORD, "xK3vqL9pZmW7rTb");
        assert_eq!(answer.status, 200);
    }
);

both!(p10_text_that_is_no_unicode_is_no_password, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let before = kw.state();
    let login = |password: &[u8]| {
        let head = br#"{"email":"alice@example.com","password":"#;
        let body = [&head[..], b"\"", password, b"\"}"].concat();
        kw.post("/auth/login").body("application/json", body).send()
    };
    let change = |password: &[u8]| {
        let head = br#"{"currentPassword":"correct horse battery","newPassword":"#;
        let body = [&head[..], b"\"", password, b"\"}"].concat();
        let ask = kw.post("/auth/password/change").bearer(&access);
        ask.body("application/json", body).send()
    };
    for text in [
        &br"\ud800 and more"[..],
        br"\udc00\ud800 and more",
        b"\xff\xfe and more",
        b"\xed\xa0\x80 and more",
    ] {
        login(text).refused(400, "INVALID_PAYLOAD");
        change(text).refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!((kw.state(), kw.count("limits")), (before, 0));
});

// Each: the password that is set, others that must fit too, and others that must not.
both!(p1_p4_p11_every_byte_of_a_password_counts, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let long: String = ('!'..='~').cycle().take(200).collect();
    let other_at = |at: usize| format!("{}\u{a1}{}", &long[..at], &long[at + 1..]);
    // Four bytes each, and none twice: what repeats counts once.
    let crabs: String = (0..64)
        .filter_map(|number| char::from_u32(0x1f400 + number * 29 % 64))
        .collect();
    let table: [(&str, Vec<String>, Vec<String>); 6] = [
        (
            &long,
            vec![],
            [71, 72, 73, 199]
                .iter()
                .map(|&length| long[..length].to_owned())
                .chain([71, 72, 73, 199].map(other_at))
                .collect(),
        ),
        (
            "  spaces before and after\t",
            vec![],
            vec![
                "spaces before and after".into(),
                " spaces before and after\t".into(),
                "  spaces before and after ".into(),
            ],
        ),
        (&crabs, vec![], vec![crabs[4..].into(), crabs[..252].into()]),
        // Decomposed, composed, and in full width.
        (
            "xK3vqL9p a\u{308}",
            vec!["xK3vqL9p \u{e4}".into(), "\u{ff58}K3vqL9p \u{e4}".into()],
            vec!["xK3vqL9p a".into(), "XK3vqL9p \u{e4}".into()],
        ),
        (
            "xK3vqL9p",
            vec![],
            vec!["xK3vqL9".into(), "xk3vql9p".into()],
        ),
        // A NUL fits nothing, so it is a wrong password and not a fault of form.
        (
            "ab and some more",
            vec![],
            vec!["ab and some more\0".into(), "\0".into()],
        ),
    ];
    let (mut access, mut present) = (access, PASSWORD);
    for (new, fitting, others) in &table {
        let answer = kw.change_password(&access, present, new);
        (access, present) = (answer.tokens().0, new);
        for password in others {
            kw.advance(20);
            kw.sign_in(ALICE, password)
                .refused(401, "INVALID_CREDENTIALS");
        }
        kw.advance(20);
        assert_eq!(kw.sign_in(ALICE, new).status, 200, "{new:?}");
        for password in fitting {
            assert_eq!(kw.sign_in(ALICE, password).status, 200, "{password:?}");
        }
    }
});

both!(p5_a_long_password_costs_no_hash_at_sign_in, |kw| {
    let alice = kw.account(ALICE);
    kw.booby_trap(alice);
    kw.sign_in(ALICE, &"x".repeat(1_000_000))
        .refused(413, "CONTENT_TOO_LARGE");
    kw.sign_in(ALICE, &"x".repeat(1025))
        .refused(400, "INVALID_PAYLOAD");
    assert_eq!(kw.oisp_sign_in(ALICE, &"x".repeat(1025)).status, 400);
    assert_eq!((kw.count("login_attempts"), kw.count("limits")), (0, 0));
});

both!(p14_no_answer_holds_a_password_or_its_record, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let mut answers = vec![
        kw.sign_in(ALICE, PASSWORD),
        kw.sign_in(ALICE, WRONG),
        kw.oisp_sign_in(ALICE, PASSWORD),
        kw.change_password(&access, PASSWORD, "short"),
        kw.change_password(&access, WRONG, NEW),
    ];
    for path in ["/auth/me", "/users/me", "/v1/api/auth/me", "/auth/sessions"] {
        answers.push(kw.get(path).bearer(&access).send());
    }
    let ask = kw.get("/users/me?fields=*,password,credentials");
    answers.push(ask.bearer(&access).send());
    for answer in answers {
        for secret in ["$kw1$", "$2b$", PASSWORD, WRONG, NEW, "\"short\""] {
            assert!(!answer.body.contains(secret), "{secret} in {answer:?}");
        }
    }
});

// P15: there is no history of passwords, so none can leak; but the present one is at hand.
// Told from what was typed alone: nothing is counted, and nothing is learnt of the account's.
both!(p15_the_same_password_again_is_no_change, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let other = text(&kw.login(ALICE), "access_token");
    let alice = kw.session_of(&access).account;
    let before = (kw.state(), kw.record_of(alice), kw.audit(alice));
    for password in [
        PASSWORD,
        "correct horse battery\u{ff01}",
        "no one's password",
    ] {
        // Another spelling of one normal form is the same password too.
        let again = password.replace('\u{ff01}', "!");
        let answer = kw.change_password(&access, password, &again);
        answer.refused(400, "INVALID_PAYLOAD");
        let reason = &answer.json()["errors"][0]["extensions"]["reason"];
        assert_eq!(
            reason,
            "\"newPassword\" must be another one than the present"
        );
    }
    let after = (kw.state(), kw.record_of(alice), kw.audit(alice));
    assert_eq!((after, kw.count("limits")), (before, 0));
    assert_eq!((kw.me(&access), kw.me(&other)), (200, 200));
});
