//! Intel / OISP (seed O): the users API (row O-33), as golden exchanges. What each act must
//! never do stands in `registration/`.

use keyward::domain::mail_letter::LetterPurpose;
use serde_json::{Value, json};

use super::denied;
use crate::support::{Answer, PASSWORD, TestKeyward, WRONG, text};

const USERS: &str = "/v1/api/users";
const FORGOT: &str = "/v1/api/users/forgot_password";
const ACTIVATE: &str = "/v1/api/users/activate";
const AGAIN: &str = "/v1/api/users/request_user_activation";

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
const OTHER: &str = "another horse battery";
const OPEN: &[(&str, &str)] = &[("KEYWARD_REGISTRATION", "open")];

const INVALID: &str = r#"{"code":400,"message":"Invalid request"}"#;
const NOT_FOUND: &str = r#"{"code":2404,"message":"User Not Found"}"#;
const TAKEN: &str = r#"{"code":2409,"message":"User already exists"}"#;

#[track_caller]
fn says(answer: &Answer, status: u16, body: &str) {
    assert_eq!((answer.status, answer.body.as_str()), (status, body));
}

fn add(kw: &TestKeyward, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    kw.post(USERS).json(&body).send()
}

fn user(id: &str) -> String {
    format!("{USERS}/{id}")
}

fn change_of(named: &str) -> String {
    format!("{USERS}/{named}/change_password")
}

fn code_to(kw: &TestKeyward, to: &str) -> String {
    let link = kw.last_mail_to(to).link();
    link.rsplit('=').next().unwrap().to_owned()
}

both!(o33_o25_o26_a_user_is_added_activated_and_read, OPEN, |kw| {
    let body =
        json!({ "email": ALICE, "password": PASSWORD, "attributes": { "phone": "123456789" } });
    let made = kw.post(USERS).json(&body).send();
    let id = text(&made.json(), "id");
    let golden = |updated: i64, terms: bool, verified: bool| {
        format!(
            "{{\"id\":\"{id}\",\"created\":1767225600000,\"email\":\"{ALICE}\",\
             \"termsAndConditions\":{terms},\"updated\":{updated},\"verified\":{verified},\
             \"accounts\":{{}},\"attributes\":{{\"phone\":\"123456789\"}}}}"
        )
    };
    says(&made, 201, &golden(1_767_225_600_000, false, false));
    let token = kw.oisp_login(ALICE);
    let get = |id: &str| kw.get(&user(id)).bearer(&token).send();
    says(&get(&id), 200, &made.body);
    says(&get("me"), 200, &made.body);

    kw.advance(1);
    assert_eq!(kw.last_mail_to(ALICE).purpose, LetterPurpose::Verify);
    let code = json!({ "token": code_to(kw, ALICE) });
    says(&kw.post(ACTIVATE).json(&code).send(), 200, "");
    says(&get(&id), 200, &golden(1_767_225_601_000, false, true));
    // Once, and in the original's words.
    let used = r#"{"code":2602,"message":"Could not activate user"}"#;
    says(&kw.post(ACTIVATE).json(&code).send(), 400, used);

    kw.advance(1);
    let accepts = kw.put(&user(&id)).bearer(&token);
    let accepts = accepts.json(&json!({ "termsAndConditions": true })).send();
    says(&accepts, 200, "");
    says(&get(&id), 200, &golden(1_767_225_602_000, true, true));
});

both!(o33_o25_terms_are_accepted_at_once, OPEN, |kw| {
    let body = json!({ "email": ALICE, "password": PASSWORD, "termsAndConditions": true });
    let made = kw.post(USERS).json(&body).send();
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json()["termsAndConditions"], json!(true));
    assert_eq!(made.json()["attributes"], json!({}));
});

both!(
    o33_it_tells_that_an_address_is_taken_ten_times_an_hour,
    OPEN,
    |kw| {
        kw.account(ALICE);
        let before = kw.state();
        let again = || {
            let body = json!({ "email": "Alice@EXAMPLE.com", "password": OTHER });
            kw.post(USERS).peer("203.0.113.7").json(&body).send()
        };
        for _ in 0..10 {
            says(&again(), 409, TAKEN);
        }
        let many = again();
        assert_eq!((many.status, &many.json()["code"]), (429, &json!(429)));
        assert!(many.header("retry-after").is_some(), "{many:?}");
        // Nor of an address that is free.
        let free = kw.post(USERS).peer("203.0.113.7");
        let free = free
            .json(&json!({ "email": BOB, "password": OTHER }))
            .send();
        assert_eq!((free.status, &free.body), (429, &many.body));
        assert_eq!(kw.state(), before);
        assert_eq!(kw.mails().len(), 0);
    }
);

#[test]
fn o33_registration_that_is_closed_tells_of_nobody() {
    for setting in ["closed", "invite"] {
        let kw = TestKeyward::with(&[("KEYWARD_REGISTRATION", setting)]);
        kw.account(ALICE);
        let before = kw.state();
        let (known, unknown) = (add(&kw, ALICE, OTHER), add(&kw, BOB, OTHER));
        assert_eq!((known.status, &known.body), (403, &unknown.body));
        assert!(known.body.contains("KEYWARD_REGISTRATION"), "{known:?}");
        assert_eq!(known.json()["code"], json!(403));
        assert_eq!(kw.state(), before);
    }
}

both!(o33_o29_what_can_be_no_user_is_refused, OPEN, |kw| {
    let before = kw.state();
    for body in [
        json!({}),
        json!({ "email": ALICE }),
        json!({ "password": PASSWORD }),
        json!({ "email": "nobody", "password": PASSWORD }),
        json!({ "email": ALICE, "password": 5 }),
        json!({ "email": ALICE, "password": PASSWORD, "verified": true }),
        json!({ "email": ALICE, "password": PASSWORD, "accounts": {} }),
        json!({ "email": ALICE, "password": PASSWORD, "attributes": [] }),
        json!({ "email": ALICE, "password": PASSWORD, "termsAndConditions": "yes" }),
        json!({ "email": ALICE, "password": PASSWORD, "verification_url": "//evil.example" }),
    ] {
        says(&kw.post(USERS).json(&body).send(), 400, INVALID);
    }
    for weak in ["short", "password123"] {
        let answer = add(kw, ALICE, weak);
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(2401)));
        let words = text(&answer.json(), "message");
        // The original's words, and then which rule it breaks.
        assert!(
            words.starts_with("Password too Weak. \"password\" "),
            "{words}"
        );
    }
    assert_eq!(kw.state(), before);
    assert_eq!(kw.mails().len(), 0);
});

both!(o33_attributes_become_those_that_were_sent, OPEN, |kw| {
    assert_eq!(add(kw, ALICE, PASSWORD).status, 201);
    let token = kw.oisp_login(ALICE);
    let put = |path: &str, body: &Value| kw.put(path).bearer(&token).json(body).send();
    let id = text(&kw.get(&user("me")).bearer(&token).send().json(), "id");
    let read = || kw.get(&user(&id)).bearer(&token).send().json()["attributes"].clone();
    let first = json!({ "id": id, "attributes": { "phone": "1", "new": "next" } });
    says(&put(&user(&id), &first), 200, "");
    assert_eq!(read(), json!({ "phone": "1", "new": "next" }));
    says(
        &put(&user("me"), &json!({ "attributes": { "a": "b" } })),
        200,
        "",
    );
    assert_eq!(read(), json!({ "a": "b" }));
    says(&put(&user(&id), &json!({})), 200, "");
    let before = kw.state();
    for body in [
        json!({ "attributes": "x" }),
        json!({ "attributes": { "x": "y".repeat(9000) } }),
        json!({ "id": "another", "attributes": {} }),
        json!({ "email": BOB }),
        json!({ "password": OTHER }),
        json!({ "verified": true }),
        json!({ "termsAndConditions": 1 }),
    ] {
        says(&put(&user(&id), &body), 400, INVALID);
    }
    assert_eq!(kw.state(), before);
    assert_eq!(read(), json!({ "a": "b" }));
});

both!(o33_e10_a_user_reaches_nobody_elses_id, |kw| {
    kw.account(ALICE);
    let bob = kw.account(BOB).to_string();
    let root = kw.add("root@example.com", None, true).to_string();
    let nobody = "019b76da-a800-7f66-8000-000000000000".to_owned();
    let tokens = [kw.oisp_login(ALICE), kw.oisp_login("root@example.com")];
    let before = kw.state();
    let body = json!({ "attributes": { "planted": "1" }, "termsAndConditions": true });
    for token in &tokens {
        let others = [&bob, &root, &nobody, &bob.to_uppercase(), &"x".to_owned()];
        for id in others {
            if token == &tokens[1] && *id == root {
                continue;
            }
            says(&kw.get(&user(id)).bearer(token).send(), 404, NOT_FOUND);
            let put = kw.put(&user(id)).bearer(token).json(&body).send();
            says(&put, 404, NOT_FOUND);
        }
    }
    for id in [bob.as_str(), "me"] {
        denied(&kw.get(&user(id)).send());
        denied(&kw.put(&user(id)).json(&body).send());
    }
    assert_eq!(kw.state(), before);
});

both!(
    o33_e6_l10_a_forgotten_password_is_told_of_to_its_owner_alone,
    |kw| {
        kw.account(ALICE);
        let old = kw.oisp_login(ALICE);
        for email in [ALICE, BOB, "no address"] {
            let answer = kw.post(FORGOT).json(&json!({ "email": email })).send();
            says(&answer, 200, "");
        }
        assert_eq!(kw.mails().len(), 1);
        let code = code_to(kw, ALICE);
        let reset = |token: &str, password: &str| {
            let body = json!({ "token": token, "password": password });
            kw.put(FORGOT).json(&body).send()
        };
        let weak = reset(&code, "password123");
        assert_eq!((weak.status, &weak.json()["code"]), (400, &json!(2401)));
        let bad = r#"{"code":2406,"message":"Invalid interaction token"}"#;
        says(&reset("kwo1_AAAAAAAAAAAAAAAAAAAAAAAAAAA", OTHER), 400, bad);
        says(&reset(&code, OTHER), 200, "");
        says(&reset(&code, PASSWORD), 400, bad);
        denied(&kw.get(&user("me")).bearer(&old).send());
        denied(&kw.oisp_sign_in(ALICE, PASSWORD));
        assert_eq!(kw.oisp_sign_in(ALICE, OTHER).status, 200);
        for body in [json!({}), json!({ "email": "" }), json!({ "email": 5 })] {
            says(&kw.post(FORGOT).json(&body).send(), 400, INVALID);
        }
        for body in [json!({ "token": code }), json!({ "password": OTHER })] {
            says(&kw.put(FORGOT).json(&body).send(), 400, INVALID);
        }
    }
);

both!(o33_an_activation_is_asked_for_once_more, OPEN, |kw| {
    assert_eq!(add(kw, ALICE, PASSWORD).status, 201);
    let first = code_to(kw, ALICE);
    kw.account(BOB);
    for email in [ALICE, "nobody@example.com", "no address"] {
        let answer = kw.post(AGAIN).json(&json!({ "email": email })).send();
        says(&answer, 200, "");
    }
    assert_eq!(kw.mails().len(), 2);
    let words = r#"{"code":2602,"message":"Could not activate user"}"#;
    let activate = |code: &str| kw.post(ACTIVATE).json(&json!({ "token": code })).send();
    let second = code_to(kw, ALICE);
    says(&activate(&first), 400, words);
    says(&activate(&second), 200, "");
    // A code of another purpose activates nobody, and stays good for its own.
    kw.post(FORGOT).json(&json!({ "email": ALICE })).send();
    let reset = code_to(kw, ALICE);
    says(&activate(&reset), 400, words);
    let body = json!({ "token": reset, "password": OTHER });
    says(&kw.put(FORGOT).json(&body).send(), 200, "");
    // Who is proven is mailed no other.
    let mails = kw.mails().len();
    says(
        &kw.post(AGAIN).json(&json!({ "email": ALICE })).send(),
        200,
        "",
    );
    assert_eq!(kw.mails().len(), mails);
});

#[test]
fn o33_without_a_mail_server_the_acts_that_need_one_say_so() {
    let kw = TestKeyward::with(&[
        ("KEYWARD_REGISTRATION", "open"),
        ("KEYWARD_LISTEN", "0.0.0.0:8080"),
        ("KEYWARD_PUBLIC_URL", "https://auth.example.com"),
    ]);
    let before = kw.state();
    let new = json!({ "email": ALICE, "password": PASSWORD });
    let email = json!({ "email": ALICE });
    for (path, body) in [(USERS, &new), (FORGOT, &email), (AGAIN, &email)] {
        let answer = kw.post(path).json(body).send();
        assert_eq!((answer.status, &answer.json()["code"]), (503, &json!(503)));
        assert!(answer.body.contains("KEYWARD_SMTP_URL"), "{answer:?}");
    }
    assert_eq!(kw.state(), before);
}

fn change(kw: &TestKeyward, named: &str, token: &str, (old, new): (&str, &str)) -> Answer {
    let body = json!({ "currentpwd": old, "password": new });
    kw.put(&change_of(named)).bearer(token).json(&body).send()
}

both!(o33_a_password_is_changed_by_the_present_one, |kw| {
    kw.add("alice+o@example.com", Some("alice"), false);
    let token = kw.oisp_login("alice");
    let other = kw.oisp_login("alice");
    let answer = change(kw, "alice%2Bo@example.com", &token, (PASSWORD, OTHER));
    assert_eq!(answer.status, 200, "{answer:?}");
    let names: Vec<String> = answer.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["token", "refreshToken"]);
    let renewed = text(&answer.json(), "token");
    assert!(!answer.body.contains(OTHER), "the original answers it");
    for ended in [&token, &other] {
        denied(&kw.get(&user("me")).bearer(ended).send());
    }
    assert_eq!(kw.get(&user("me")).bearer(&renewed).send().status, 200);
    denied(&kw.oisp_sign_in("alice", PASSWORD));
    assert_eq!(kw.oisp_sign_in("alice", OTHER).status, 200);
    // By the username, too.
    let again = change(kw, "Alice", &renewed, (OTHER, PASSWORD));
    assert_eq!(again.status, 200, "{again:?}");
});

both!(o33_nobody_elses_password_is_changed, |kw| {
    kw.account(ALICE);
    kw.account(BOB);
    let token = kw.oisp_login(ALICE);
    let before = kw.state();
    for named in [BOB, "nobody@example.com", "bob", "%FF", "a%20b", "me"] {
        let answer = change(kw, named, &token, (PASSWORD, OTHER));
        says(&answer, 404, NOT_FOUND);
    }
    let words = "Invalid request. That is not your present password.";
    let wrong = json!({ "code": 400, "message": words }).to_string();
    says(&change(kw, ALICE, &token, (WRONG, OTHER)), 400, &wrong);
    let weak = change(kw, ALICE, &token, (PASSWORD, "password123"));
    assert_eq!((weak.status, &weak.json()["code"]), (400, &json!(2401)));
    let words = "Invalid request. \"password\" must be another one than the present.";
    let same = json!({ "code": 400, "message": words }).to_string();
    says(&change(kw, ALICE, &token, (PASSWORD, PASSWORD)), 400, &same);
    let short = change(kw, ALICE, &token, (PASSWORD, "short"));
    assert!(
        short.body.contains("Password too Weak. \\\"password\\\""),
        "{short:?}"
    );
    for body in [
        json!({ "currentpwd": PASSWORD }),
        json!({ "password": OTHER }),
        json!({ "currentPassword": PASSWORD, "password": OTHER }),
    ] {
        let put = kw.put(&change_of(ALICE)).bearer(&token).json(&body);
        says(&put.send(), 400, INVALID);
    }
    let body = json!({ "currentpwd": PASSWORD, "password": OTHER });
    denied(&kw.put(&change_of(ALICE)).json(&body).send());
    assert_eq!(kw.state(), before);
    assert_eq!(kw.get(&user("me")).bearer(&token).send().status, 200);
    for email in [ALICE, BOB] {
        assert_eq!(kw.oisp_sign_in(email, PASSWORD).status, 200);
    }
});

both!(
    o33_a_session_of_cookies_keeps_its_refresh_token_there,
    |kw| {
        let (token, _) = kw.signed_in_by_cookie(ALICE);
        let answer = change(kw, ALICE, &token, (PASSWORD, OTHER));
        assert_eq!(answer.status, 200, "{answer:?}");
        let names: Vec<String> = answer.json().as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["token"]);
        let cookie = answer.cookie().unwrap();
        assert!(!cookie.is_empty());
        let refreshed = kw.post("/auth/refresh").cookie(&cookie).send();
        assert_eq!(refreshed.status, 200, "{refreshed:?}");
    }
);

/// Whether the account is there, with everything that refers to it.
fn is_there(kw: &TestKeyward, email: &str) -> bool {
    kw.oisp_sign_in(email, PASSWORD).status == 200
}

both!(
    o33_a_user_is_deleted_by_the_token_of_a_sign_in_just_now,
    |kw| {
        kw.account(ALICE);
        kw.account(BOB);
        let token = kw.oisp_login(ALICE);
        let other = kw.oisp_login(ALICE);
        kw.advance(299);
        says(&kw.delete(&user("me")).bearer(&token).send(), 204, "");
        for ended in [&token, &other] {
            denied(&kw.get(&user("me")).bearer(ended).send());
            denied(&kw.delete(&user("me")).bearer(ended).send());
        }
        assert!(!is_there(kw, ALICE));
        assert!(is_there(kw, BOB));
    }
);

both!(o33_an_older_token_alone_deletes_nobody, |kw| {
    let id = kw.account(ALICE).to_string();
    let token = kw.oisp_login(ALICE);
    kw.advance(300);
    // Renewing and refreshing make a token no younger.
    let renewed = kw.put("/v1/api/auth/me").bearer(&token).send();
    let renewed = text(&renewed.json(), "token");
    let refresh = kw.post("/v1/api/auth/refresh").bearer(&token).send().json();
    let next = kw
        .put("/v1/api/auth/refresh")
        .bearer(&token)
        .json(&refresh)
        .send();
    let next = text(&next.json(), "jwt");
    let (standard, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
    kw.advance(300);
    let refreshed = text(&kw.refresh(&refresh).json(), "access_token");
    let before = kw.state();
    for token in [&token, &renewed, &next, &standard, &refreshed] {
        for ask in [
            kw.delete(&user("me")),
            kw.delete(&user(&id)).json(&json!({})),
        ] {
            let answer = ask.bearer(token).send();
            assert_eq!((answer.status, &answer.json()["code"]), (403, &json!(403)));
            assert!(answer.body.contains("within five minutes"), "{answer:?}");
        }
    }
    denied(&kw.delete(&user("me")).send());
    assert_eq!(kw.state(), before);
    // By the password at any time.
    let wrong = kw.delete(&user(&id)).bearer(&next);
    let wrong = wrong.json(&json!({ "password": WRONG })).send();
    assert_eq!(wrong.status, 400, "{wrong:?}");
    let by_password = kw.delete(&user(&id)).bearer(&next);
    let by_password = by_password.json(&json!({ "password": PASSWORD })).send();
    says(&by_password, 204, "");
    assert!(!is_there(kw, ALICE));
});

both!(o33_nobody_deletes_another_or_the_only_administrator, |kw| {
    kw.account(ALICE);
    let bob = kw.account(BOB).to_string();
    kw.add("root@example.com", None, true);
    let (token, root) = (kw.oisp_login(ALICE), kw.oisp_login("root@example.com"));
    let before = kw.state();
    for token in [&token, &root] {
        for id in [bob.as_str(), "019b76da-a800-7f66-8000-000000000000", "x"] {
            for body in [json!({}), json!({ "password": PASSWORD })] {
                let ask = kw.delete(&user(id)).bearer(token).json(&body);
                says(&ask.send(), 404, NOT_FOUND);
            }
        }
    }
    for body in [
        json!({ "password": 5 }),
        json!({ "otp": "123456" }),
        json!({ "password": PASSWORD, "sure": true }),
    ] {
        let ask = kw.delete(&user("me")).bearer(&token).json(&body);
        says(&ask.send(), 400, INVALID);
    }
    let last = kw.delete(&user("me")).bearer(&root).send();
    assert_eq!((last.status, &last.json()["code"]), (403, &json!(2421)));
    let words = text(&last.json(), "message");
    assert!(words.starts_with("User cannot be removed. "), "{words}");
    assert_eq!(kw.state(), before);
});

both!(
    o33_a_second_factor_was_shown_in_the_sign_in_that_deletes,
    |kw| {
        let (access, _) = kw.signed_in(ALICE);
        // By Directus's route the session in which it is switched on goes on.
        let secret = kw.enrol_in_directus(&access);
        let delete = |token: &str, body: &Value| {
            let ask = kw.delete(&user("me")).bearer(token);
            ask.json(body).send()
        };
        let before = kw.state();
        assert_eq!(delete(&access, &json!({})).status, 403);
        let no_code = delete(&access, &json!({ "password": PASSWORD }));
        assert_eq!(no_code.status, 400, "{no_code:?}");
        assert_eq!(kw.state(), before);
        let body = json!({ "username": ALICE, "password": PASSWORD, "otp": kw.code(&secret, 0) });
        let token = text(
            &kw.post("/v1/api/auth/token").json(&body).send().json(),
            "token",
        );
        says(&delete(&token, &json!({})), 204, "");
        denied(&kw.get(&user("me")).bearer(&access).send());
    }
);

both!(
    o33_p08_a_guest_registers_and_stays_the_same_account,
    OPEN,
    |kw| {
        let guest = kw.post("/auth/anonymous").send().json();
        let token = text(&guest, "access_token");
        let own = kw.get(&user("me")).bearer(&token).send();
        assert_eq!(own.status, 200, "{own:?}");
        let body = json!({ "email": ALICE, "password": PASSWORD });
        let made = kw.post(USERS).bearer(&token).json(&body).send();
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(made.json()["id"], own.json()["id"]);
        denied(&kw.get(&user("me")).bearer(&token).send());
        // Another guest leaves by the token alone, at any time.
        let other = text(&kw.post("/auth/anonymous").send().json(), "access_token");
        kw.advance(600);
        says(&kw.delete(&user("me")).bearer(&other).send(), 204, "");
        denied(&kw.get(&user("me")).bearer(&other).send());
    }
);

both!(
    o33_whoever_has_a_second_factor_hears_that_it_is_missing,
    |kw| {
        let (_, _, factor) = kw.with_factor(ALICE);
        kw.advance(60);
        let body = json!({
            "username": ALICE, "password": PASSWORD, "otp": kw.code(&factor.secret, 0),
        });
        let token = text(
            &kw.post("/v1/api/auth/token").json(&body).send().json(),
            "token",
        );
        let answer = change(kw, ALICE, &token, (PASSWORD, OTHER));
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(400)));
        let message = text(&answer.json(), "message");
        assert!(
            message.starts_with("Invalid request. \"otp\" is required"),
            "{message}"
        );
    }
);
