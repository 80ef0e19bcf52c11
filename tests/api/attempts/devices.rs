//! A browser that signed in before has a small budget of its own (semantics 4, row B14):
//! strangers can not lock the owner out of it. Nor can they of a new password.

use keyward::domain::password::Password;
use keyward::service::accounts::administer;
use serde_json::json;

use crate::support::{Answer, Ask, PASSWORD, TestKeyward, WRONG};

const ALICE: &str = "alice@example.com";

impl TestKeyward {
    fn by_cookie(&self, email: &str, password: &str, device: &str) -> Answer {
        self.ask_by_cookie(email, password, device).send()
    }

    fn ask_by_cookie(&self, email: &str, password: &str, device: &str) -> Ask<'_> {
        let body = json!({ "email": email, "password": password, "mode": "cookie" });
        let ask = self.post("/auth/login").json(&body);
        if device.is_empty() {
            return ask;
        }
        ask.header("cookie", &format!("__Host-keyward_device={device}"))
    }
}

/// The mark that an answer sets, with its attributes.
fn mark(answer: &Answer) -> Option<(String, String)> {
    let cookies = answer.set_cookies();
    let cookie = cookies.iter().find(|it| it.contains("keyward_device="))?;
    let (pair, attributes) = cookie.split_once(';')?;
    let (name, value) = pair.split_once('=')?;
    assert_eq!(name, "__Host-keyward_device");
    Some((value.to_owned(), attributes.trim().to_owned()))
}

both!(b14_a_known_browser_is_not_locked_out_by_strangers, |kw| {
    kw.account(ALICE);
    let (device, attributes) = mark(&kw.by_cookie(ALICE, PASSWORD, "")).unwrap();
    assert_eq!(
        attributes,
        "HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=31536000"
    );
    // A stranger fails until nobody waits long enough any more.
    kw.exhaust(ALICE);
    for _ in 0..100 {
        kw.sign_in(ALICE, WRONG);
        kw.advance(900);
    }
    // One attempt a day is looked at by now.
    kw.by_cookie(ALICE, PASSWORD, "").limited(81_900);
    // The owner signs in, keeps the mark, and wins nothing for the stranger by it.
    let answer = kw.by_cookie(ALICE, PASSWORD, &device);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(mark(&answer).unwrap().0, device);
    kw.sign_in(ALICE, PASSWORD).limited(81_900);
});

// Or whoever knows the password would sign in often, and guess with each mark anew.
both!(m4_all_known_browsers_share_one_budget, |kw| {
    kw.account(ALICE);
    let sign_in = |_| mark(&kw.by_cookie(ALICE, PASSWORD, "")).unwrap().0;
    let marks: Vec<String> = (0..6).map(sign_in).collect();
    for device in &marks[..5] {
        let answer = kw.by_cookie(ALICE, WRONG, device);
        answer.refused(401, "INVALID_CREDENTIALS");
    }
    for device in &marks {
        kw.by_cookie(ALICE, PASSWORD, device).limited(1);
    }
    assert_eq!((kw.count("limits"), kw.counters_at(5)), (1, 1));
    // Beside it there is the account's own, and no third.
    kw.exhaust(ALICE);
    kw.sign_in(ALICE, PASSWORD).limited(1);
    assert_eq!((kw.count("limits"), kw.counters_at(5)), (2, 2));
});

// Given for the password alone, it says nothing of who has the second factor too.
both!(m4_a_mark_from_before_the_second_factor_is_none, |kw| {
    kw.account(ALICE);
    let (before, _) = mark(&kw.by_cookie(ALICE, PASSWORD, "")).unwrap();
    let (access, _) = kw.login_without(ALICE).tokens();
    let factor = kw.enrol(&access);
    let guess = |device: &str, otp: &str| {
        let body = json!({ "email": ALICE, "password": PASSWORD, "otp": otp, "mode": "cookie" });
        let cookie = format!("__Host-keyward_device={device}");
        let ask = kw.post("/auth/login").json(&body);
        ask.header("cookie", &cookie).send()
    };
    let answer = guess("", &kw.code(&factor.secret, 0));
    assert_eq!(answer.status, 200, "{answer:?}");
    let (since, _) = mark(&answer).unwrap();
    kw.exhaust(ALICE);
    let stored = (kw.state(), kw.count("limits"));
    guess(&before, &kw.code(&factor.secret, 1)).limited(1);
    assert_eq!((kw.state(), kw.count("limits")), stored);
    // With the mark of now five codes are looked at, and then one every four hours.
    for _ in 0..5 {
        guess(&since, "AAAA-BBBB-CCCC-DDDD").refused(401, "INVALID_OTP");
        kw.advance(60);
    }
    guess(&since, "AAAA-BBBB-CCCC-DDDD").limited(4 * 3600 - 300);
    kw.advance(4 * 3600 - 300);
    assert_eq!(guess(&since, &kw.code(&factor.secret, 0)).status, 200);
});

both!(
    b14_a_mark_ends_with_the_sessions_that_an_operator_ends,
    |kw| {
        let alice = kw.account(ALICE);
        let new = Password::parse(PASSWORD).unwrap();
        for end in [&|| administer::set_password(&kw.kw, alice, &new), &|| {
            administer::revoke_sessions(&kw.kw, alice).map(|_| ())
        }] as [&dyn Fn() -> keyward::service::Result<()>; 2]
        {
            let (device, _) = mark(&kw.by_cookie(ALICE, PASSWORD, "")).unwrap();
            end().unwrap();
            kw.exhaust(ALICE);
            kw.by_cookie(ALICE, PASSWORD, &device).limited(1);
            kw.advance(1);
        }
    }
);

both!(b14_the_mark_gives_a_small_budget_and_no_more, |kw| {
    kw.account(ALICE);
    kw.account("mallory@example.com");
    let (device, _) = mark(&kw.by_cookie(ALICE, PASSWORD, "")).unwrap();
    let (foreign, _) = mark(&kw.by_cookie("mallory@example.com", PASSWORD, "")).unwrap();
    assert_ne!(device, foreign);
    kw.exhaust(ALICE);
    // One that is somebody else's, or made up, is none.
    let made_up = "A".repeat(device.len());
    for mark in [&foreign, &made_up, "x", ""] {
        kw.by_cookie(ALICE, PASSWORD, mark).limited(1);
    }
    let before = kw.state();
    for _ in 0..5 {
        let answer = kw.by_cookie(ALICE, WRONG, &device);
        answer.refused(401, "INVALID_CREDENTIALS");
        assert!(mark(&answer).is_none());
    }
    kw.by_cookie(ALICE, PASSWORD, &device).limited(1);
    assert_eq!(kw.state(), before);
    kw.advance(1);
    assert_eq!(kw.by_cookie(ALICE, PASSWORD, &device).status, 200);
});

// A mark is for a jar of cookies: where no cookie is wanted, none is given.
both!(b14_a_sign_in_without_cookies_gets_no_mark, |kw| {
    kw.account(ALICE);
    assert!(kw.sign_in(ALICE, PASSWORD).set_cookies().is_empty());
    assert!(kw.oisp_sign_in(ALICE, PASSWORD).set_cookies().is_empty());
    assert!(mark(&kw.by_cookie(ALICE, WRONG, "")).is_none());
});

both!(b14_a_new_password_ends_the_lock, |kw| {
    let alice = kw.account(ALICE);
    kw.exhaust(ALICE);
    kw.sign_in(ALICE, PASSWORD).limited(1);
    let new = Password::parse("another battery staple").unwrap();
    administer::set_password(&kw.kw, alice, &new).unwrap();
    assert_eq!(kw.count("limits"), 0);
    assert_eq!(kw.sign_in(ALICE, "another battery staple").status, 200);
    kw.exhaust(ALICE);
});
