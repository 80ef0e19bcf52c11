//! The refresh cookie (semantics 3): what it looks like, that nothing else is taken for
//! it, what it opens, and when it is cleared and when it is kept.

use keyward::service::accounts::administer;
use serde_json::json;

use crate::support::{Answer, PASSWORD, TestKeyward};

/// What a page of Keyward's own origin may never see: a refresh token in a body.
#[track_caller]
fn no_token_in(answer: &Answer) {
    assert!(!answer.body.contains("kwr1_"), "{answer:?}");
    assert!(!answer.body.contains("access_token"), "{answer:?}");
}

/// The answer, and the token in the cookie that it sets, if it does.
fn login_by_cookie(kw: &TestKeyward, email: &str) -> (Answer, String) {
    let body = json!({ "email": email, "password": PASSWORD, "mode": "cookie" });
    let answer = kw.post("/auth/login").json(&body).send();
    let token = answer.cookie().unwrap_or_default();
    (answer, token)
}

both!(
    c9_the_cookie_has_exactly_these_attributes_and_is_cleared_with_the_same,
    |kw| {
        let with = |value: &str, age: &str| {
            format!(
                "__Host-keyward_refresh={value}; HttpOnly; SameSite=Strict; Secure; Path=/; \
                 Max-Age={age}"
            )
        };
        kw.account("alice@example.com");
        let (first, token) = login_by_cookie(kw, "alice@example.com");
        assert_eq!(first.refresh_cookies(), [with(&token, "43200")]);
        assert!(first.set_cookies()[0].len() < 4096);

        let second = kw.post("/auth/refresh").cookie(&token).send();
        let token = second.cookie().unwrap();
        assert_eq!(second.set_cookies(), [with(&token, "43200")]);

        let last = kw.post("/auth/logout").cookie(&token).send();
        assert_eq!((last.status, last.body.as_str()), (204, ""));
        assert_eq!(last.set_cookies(), [with("", "0")]);
    }
);

both!(
    c9_it_lives_until_the_session_is_idle_but_never_past_its_absolute_end,
    &[("KEYWARD_SESSION_MAX_TTL", "13h")],
    |kw| {
        let (_, token) = kw.signed_in_by_cookie("alice@example.com");
        kw.advance(11 * 3600);
        let answer = kw.post("/auth/refresh").cookie(&token).send();
        let cookie = answer.set_cookies()[0].to_owned();
        assert!(cookie.ends_with("; Max-Age=7200"), "{cookie}");
    }
);

#[test]
fn c9_with_a_domain_the_prefix_is_secure_and_the_old_name_is_not_read() {
    let kw = TestKeyward::with(&[
        ("KEYWARD_PUBLIC_URL", "https://auth.example.com"),
        ("KEYWARD_COOKIE_DOMAIN", "example.com"),
    ]);
    kw.account("alice@example.com");
    let (answer, token) = login_by_cookie(&kw, "alice@example.com");
    let with = |value: &str, age: &str| {
        format!(
            "__Secure-keyward_refresh={value}; HttpOnly; SameSite=Strict; Secure; Path=/; \
             Domain=example.com; Max-Age={age}"
        )
    };
    assert_eq!(answer.refresh_cookies(), [with(&token, "43200")]);
    let before = kw.state();
    kw.post("/auth/refresh")
        .cookie(&token)
        .send()
        .refused(400, "INVALID_PAYLOAD");
    assert_eq!(kw.state(), before);
    let named = format!("__Secure-keyward_refresh={token}");
    let out = kw.post("/auth/logout").header("cookie", &named).send();
    assert_eq!(out.set_cookies(), [with("", "0")]);
}

#[test]
fn c9_same_site_follows_the_setting() {
    for (setting, word) in [("lax", "Lax"), ("none", "None")] {
        let kw = TestKeyward::with(&[
            ("KEYWARD_COOKIE_SAMESITE", setting),
            ("KEYWARD_ALLOWED_ORIGINS", "https://app.example.com"),
        ]);
        kw.account("alice@example.com");
        let (answer, _) = login_by_cookie(&kw, "alice@example.com");
        let cookie = answer.set_cookies()[0];
        let expected = format!("; HttpOnly; SameSite={word}; Secure; Path=/; Max-Age=43200");
        assert!(cookie.ends_with(&expected), "{cookie}");
    }
}

both!(c10_a_second_cookie_of_the_same_name_was_planted, |kw| {
    let (access, alice) = kw.signed_in_by_cookie("alice@example.com");
    let (_, mallory) = kw.signed_in_by_cookie("mallory@example.com");
    let before = kw.state();
    let pair = |token: &str| format!("__Host-keyward_refresh={token}");
    let (ours, planted) = (pair(&alice), pair(&mallory));
    for route in ["/auth/refresh"] {
        let in_one = format!("{planted}; {ours}");
        let answers = [
            kw.post(route).header("cookie", &in_one).send(),
            kw.post(route)
                .header("cookie", &ours)
                .header("cookie", &planted)
                .send(),
        ];
        for answer in answers {
            answer.refused(400, "INVALID_PAYLOAD");
            no_token_in(&answer);
            assert!(answer.set_cookies().is_empty(), "{answer:?}");
        }
    }
    // Names that an attacker on a sibling host or on plain http could have set.
    for name in [
        "keyward_refresh",
        "__Secure-keyward_refresh",
        "__host-keyward_refresh",
        "directus_refresh_token",
    ] {
        let alone = format!("{name}={mallory}");
        let answer = kw.post("/auth/refresh").header("cookie", &alone).send();
        answer.refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(kw.state(), before);

    let beside = format!("keyward_refresh={mallory}; {ours}; __Secure-keyward_refresh=x; {ours}");
    let answer = kw.post("/auth/refresh").header("cookie", &beside).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(kw.generation_of(&access), 1);
});

both!(
    c10_a_planted_cookie_that_is_no_ascii_does_not_hide_ours,
    |kw| {
        let (access, token) = kw.signed_in_by_cookie("alice@example.com");
        let header = format!("a=\u{fc}; __Host-keyward_refresh={token}");
        let answer = kw.post("/auth/refresh").header("cookie", &header).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(kw.generation_of(&access), 1);
    }
);

/// Browsers drop a `Secure` cookie that comes without TLS, and with it the only copy of
/// the token, so such a Keyward gives none.
#[test]
fn c11_without_tls_there_are_no_cookies() {
    let kw = TestKeyward::with(&[("KEYWARD_PUBLIC_URL", "http://auth.example.com")]);
    let (access, refresh) = kw.signed_in("alice@example.com");
    let before = kw.state();
    let why = "\"mode\" cookie needs KEYWARD_PUBLIC_URL to be https: browsers drop a Secure \
               cookie otherwise";
    let body = json!({ "refresh_token": refresh, "mode": "cookie" });
    for answer in [
        login_by_cookie(&kw, "alice@example.com").0,
        kw.post("/auth/refresh").json(&body).send(),
    ] {
        answer.refused(400, "INVALID_PAYLOAD");
        assert_eq!(answer.json()["errors"][0]["extensions"]["reason"], why);
        assert!(answer.set_cookies().is_empty(), "{answer:?}");
        no_token_in(&answer);
    }
    assert_eq!(kw.state(), before);
    assert_eq!(kw.generation_of(&access), 0);
    assert_eq!(kw.refresh(&refresh).status, 200);
}

both!(c12_a_final_refusal_clears_the_cookie, |kw| {
    let cleared = "__Host-keyward_refresh=; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=0";
    let refuse = |token: &str, why: &str| {
        let answer = kw.post("/auth/refresh").cookie(token).send();
        answer.refused(401, "INVALID_CREDENTIALS");
        assert_eq!(answer.set_cookies(), [cleared], "{why}");
        no_token_in(&answer);
    };
    refuse(&format!("kwr1_{}", "A".repeat(82)), "no token of ours");

    let (_, token) = kw.signed_in_by_cookie("out@example.com");
    kw.post("/auth/logout").cookie(&token).send();
    refuse(&token, "signed out");

    let (_, token) = kw.signed_in_by_cookie("disabled@example.com");
    let account = administer::find(&kw.kw, "disabled@example.com").unwrap().id;
    administer::set_enabled(&kw.kw, account, false).unwrap();
    refuse(&token, "disabled");

    let (access, token) = kw.signed_in_by_cookie("stolen@example.com");
    let next = kw.post("/auth/refresh").cookie(&token).send().cookie();
    let next = next.unwrap();
    kw.post("/auth/refresh").cookie(&next).send();
    kw.advance(31);
    refuse(&token, "used again, long after its successor");
    assert!(kw.session_of(&access).ended.is_some());

    let (_, token) = kw.signed_in_by_cookie("idle@example.com");
    kw.advance(12 * 3600);
    refuse(&token, "idle for too long");
});

both!(c12_a_refusal_that_may_pass_leaves_the_cookie_alone, |kw| {
    let (access, first) = kw.signed_in_by_cookie("alice@example.com");
    let next = |token: &str| {
        let answer = kw.post("/auth/refresh").cookie(token).send();
        answer.cookie().unwrap()
    };
    let second = next(&first);
    for _ in 0..60 {
        assert_eq!(next(&first), second);
    }
    let kept = |answer: &Answer| {
        assert!(answer.set_cookies().is_empty(), "{answer:?}");
        no_token_in(answer);
    };
    let answer = kw.post("/auth/refresh").cookie(&first).send();
    answer.refused(429, "REQUESTS_EXCEEDED");
    assert_eq!(answer.header("retry-after"), Some("30"));
    kept(&answer);

    let third = next(&second);
    // A tab that slept through two rotations; its browser holds the third by now.
    let answer = kw.post("/auth/refresh").cookie(&first).send();
    answer.refused(401, "INVALID_CREDENTIALS");
    kept(&answer);

    kw.sql("ALTER TABLE sessions RENAME TO away");
    let answer = kw.post("/auth/refresh").cookie(&third).send();
    answer.refused(503, "SERVICE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), Some("1"));
    kept(&answer);
    kw.sql("ALTER TABLE away RENAME TO sessions");

    assert_eq!(kw.generation_of(&access), 2);
    next(&third);
    assert_eq!(kw.generation_of(&access), 3);
});

both!(c15_the_cookie_opens_nothing_but_refresh_and_logout, |kw| {
    let (access, token) = kw.signed_in_by_cookie("alice@example.com");
    let before = kw.state();
    for (method, path) in [
        ("GET", "/auth/token"),
        ("POST", "/auth/token"),
        ("GET", "/auth/verify"),
        ("POST", "/auth/verify"),
        ("GET", "/auth/me"),
        ("GET", "/users/me"),
    ] {
        // Neither the refresh token in its cookie nor an access token in one.
        let cookies = format!(
            "__Host-keyward_refresh={token}; access_token={access}; \
                 directus_session_token={access}"
        );
        let answer = kw.ask(method, path).header("cookie", &cookies).send();
        answer.refused(401, "INVALID_CREDENTIALS");
        no_token_in(&answer);
        assert!(answer.set_cookies().is_empty(), "{answer:?}");
    }
    assert_eq!(kw.state(), before);
});

both!(r20_cookie_and_body_must_hold_the_same_token, |kw| {
    let (access, alice) = kw.signed_in_by_cookie("alice@example.com");
    let (_, mallory) = kw.signed_in("mallory@example.com");
    let before = kw.state();
    for mode in [
        json!({}),
        json!({ "mode": "json" }),
        json!({ "mode": "cookie" }),
    ] {
        let mut body = mode;
        body["refresh_token"] = json!(mallory);
        let answer = kw.post("/auth/refresh").cookie(&alice).json(&body).send();
        answer.refused(400, "INVALID_PAYLOAD");
        no_token_in(&answer);
        assert!(answer.set_cookies().is_empty(), "{answer:?}");
    }
    // What a page may do is told, in a sentence.
    let body = json!({ "mode": "json" });
    let page = kw.post("/auth/refresh").cookie(&alice);
    let answer = page.header("sec-fetch-mode", "cors").json(&body).send();
    answer.refused(400, "INVALID_PAYLOAD");
    let says = "Invalid payload. A refresh token that is held in a cookie is not given to a page: \
                send \"mode\" cookie, or none.";
    assert_eq!(answer.json()["errors"][0]["message"], says);
    assert_eq!(kw.state(), before);

    // The same in both is one token, held in a cookie, and so is its successor.
    let body = json!({ "refresh_token": alice });
    let answer = kw.post("/auth/refresh").cookie(&alice).json(&body).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(
        answer.cookie().is_some() && !answer.body.contains("kwr1_"),
        "{answer:?}"
    );
    assert_eq!(kw.generation_of(&access), 1);
});
