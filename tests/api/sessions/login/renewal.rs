//! A sign-in ends the session that the same browser had of the same account: whoever copied
//! its cookie is out (ASVS 7.2.4).

use serde_json::json;

use crate::support::PASSWORD;
use keyward::domain::session::EndReason;

both!(attack_m6_a_sign_in_ends_the_session_of_its_cookie, |kw| {
    let (access, cookie) = kw.signed_in_by_cookie("alice@example.com");
    let elsewhere = kw.sign_in("alice@example.com", PASSWORD).tokens();
    let again = |cookie: &str, email: &str, mode: &str| {
        let body = json!({ "email": email, "password": PASSWORD, "mode": mode });
        kw.post("/auth/login").cookie(cookie).json(&body).send()
    };
    // A thief holds the same cookie.
    let answer = again(&cookie, "alice@example.com", "cookie");
    assert_eq!(answer.status, 200, "{answer:?}");
    kw.post("/auth/refresh")
        .cookie(&cookie)
        .send()
        .refused(401, "INVALID_CREDENTIALS");
    kw.assert_ended(&access, &[&cookie], EndReason::Renewed);
    assert_eq!(kw.me(&access), 401, "its access token is dead at once");
    assert_eq!(kw.me(&elsewhere.0), 200, "another browser's goes on");

    // The session of another account that this browser had goes on.
    let next = answer.cookie().unwrap();
    kw.account("bob@example.com");
    assert_eq!(again(&next, "bob@example.com", "cookie").status, 200);
    assert_eq!(kw.post("/auth/refresh").cookie(&next).send().status, 200);
});

both!(attack_m6_a_sign_in_that_fails_ends_nothing, |kw| {
    let (access, cookie) = kw.signed_in_by_cookie("alice@example.com");
    let before = kw.state();
    for body in [
        json!({ "email": "alice@example.com", "password": "wrong", "mode": "cookie" }),
        json!({ "email": "nobody@example.com", "password": PASSWORD, "mode": "cookie" }),
    ] {
        let answer = kw.post("/auth/login").cookie(&cookie).json(&body).send();
        answer.refused(401, "INVALID_CREDENTIALS");
    }
    assert_eq!(kw.state(), before);
    assert_eq!(kw.me(&access), 200);
    // A cookie that only looks like ours ends nothing either.
    let forged = cookie.replace(|c: char| c.is_ascii_lowercase(), "x");
    let body = json!({ "email": "alice@example.com", "password": PASSWORD, "mode": "cookie" });
    for cookie in [forged.as_str(), "kwr1_nonsense"] {
        let answer = kw.post("/auth/login").cookie(cookie).json(&body).send();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(kw.me(&access), 200);
});

// A sibling host plants its own cookie beside the one that a thief copied: with one that lives,
// refresh can not tell which is meant, and the copied one must end all the same.
both!(
    attack_m6_a_sign_in_ends_the_sessions_of_all_its_cookies,
    |kw| {
        let (copied, cookie) = kw.signed_in_by_cookie("alice@example.com");
        let (spent, old) = kw.sign_in("alice@example.com", PASSWORD).tokens();
        let next = kw.post("/auth/refresh").cookie(&old).send();
        assert_eq!(next.outcome(), "fresh");
        let (planted, foreign) = kw.signed_in_by_cookie("mallory@example.com");
        let (elsewhere, _) = kw.sign_in("alice@example.com", PASSWORD).tokens();
        let all = [&foreign, "kwr1_nonsense", "x", &cookie, &old]
            .map(|token| format!("__Host-keyward_refresh={token}"));
        let body = json!({ "email": "alice@example.com", "password": PASSWORD });
        let ask = kw.post("/auth/login").header("cookie", &all.join("; "));
        let (access, _) = ask.json(&body).send().tokens();
        kw.assert_ended(&copied, &[&cookie], EndReason::Renewed);
        kw.assert_ended(&spent, &[&old], EndReason::Renewed);
        for living in [&planted, &elsewhere, &access] {
            assert_eq!(kw.me(living), 200);
        }
    }
);
