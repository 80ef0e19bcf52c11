//! A sign-in ends the session that the same browser had of the same account: whoever copied
//! its cookie is out (ASVS 7.2.4).

use serde_json::json;

use crate::support::PASSWORD;

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
    assert_eq!(
        kw.post("/auth/login")
            .cookie(&forged)
            .json(&body)
            .send()
            .status,
        200
    );
    assert_eq!(kw.me(&access), 200);
});
