//! `POST /auth/register`, Directus's and Hypi's forms of it, and proving the address.

use keyward::domain::mail_letter::LetterPurpose;
use serde_json::{Value, json};

use super::{ALICE, OPEN, OTHER, alice, code_to, done, register};
use crate::support::{PASSWORD, TestKeyward, text};

both!(p11_y05_who_registers_can_sign_in_at_once, OPEN, |kw| {
    let answer = register(kw, ALICE, PASSWORD);
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json(), json!({ "status": "verification_mailed" }));
    let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
    let me = kw.get("/auth/me").bearer(&access).send().json();
    assert_eq!(text(&me, "email"), ALICE);
    assert_eq!(me["verified"], false);
    assert_eq!(kw.mails().len(), 1);
    let mail = kw.last_mail_to(ALICE);
    assert_eq!(mail.purpose, LetterPurpose::Verify);
});

both!(
    o26_y08_l1_l12_m18_an_address_is_proven_once_by_its_code,
    OPEN,
    |kw| {
        assert_eq!(register(kw, ALICE, PASSWORD).status, 202);
        let token = code_to(kw, ALICE);
        // Opening the link uses nothing up: the page knows nothing of the code.
        for _ in 0..5 {
            assert_eq!(kw.get("/account").send().status, 200);
            let link = format!("/users/register/verify-email?token={token}");
            let opened = kw.get(&link).header("sec-fetch-mode", "navigate").send();
            assert_eq!(opened.status, 303);
            let page = format!("http://localhost:8080/account#verify_email={token}");
            assert_eq!(opened.header("location"), Some(page.as_str()));
        }
        let sessions = kw.rows("SELECT id AS line FROM sessions");
        done(kw, "/auth/email/verify", &json!({ "token": token }));
        assert_eq!(kw.rows("SELECT id AS line FROM sessions"), sessions);
        let before = kw.state();
        let again = kw
            .post("/auth/email/verify")
            .json(&json!({ "token": token }));
        again.send().refused(400, "INVALID_CODE");
        assert_eq!(kw.state(), before);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let me = kw.get("/auth/me").bearer(&access).send().json();
        assert_eq!(me["verified"], true);
    }
);

both!(
    e7_an_address_with_an_account_is_answered_as_one_without,
    OPEN,
    |kw| {
        alice(kw);
        let (before, mails) = (
            kw.rows("SELECT record AS line FROM credentials"),
            kw.mails().len(),
        );
        let known = register(kw, "Alice@EXAMPLE.com", OTHER);
        let unknown = register(kw, "bob@example.com", OTHER);
        assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
        // The owner is told, and nothing else happened.
        assert_eq!(kw.last_mail_to(ALICE).purpose, LetterPurpose::AccountExists);
        assert_eq!(kw.mails().len(), mails + 2);
        kw.sign_in(ALICE, OTHER).refused(401, "INVALID_CREDENTIALS");
        assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
        let records = kw.rows("SELECT record AS line FROM credentials");
        assert_eq!(records.len(), before.len() + 1);
    }
);

both!(
    l14_whoever_proves_an_address_is_rid_of_who_registered_it_before,
    OPEN,
    |kw| {
        const MALLORY: &str = "mallory's horse battery";
        assert_eq!(register(kw, ALICE, MALLORY).status, 202);
        let (planted, refresh) = kw.sign_in(ALICE, MALLORY).tokens();
        let first = code_to(kw, ALICE);
        kw.advance(601);
        assert_eq!(register(kw, ALICE, OTHER).status, 202);
        // Nothing has changed until somebody proves the address.
        assert_eq!(kw.me(&planted), 200);
        kw.sign_in(ALICE, OTHER).refused(401, "INVALID_CREDENTIALS");
        let second = code_to(kw, ALICE);
        let older = kw
            .post("/auth/email/verify")
            .json(&json!({ "token": first }));
        older.send().refused(400, "INVALID_CODE");
        done(kw, "/auth/email/verify", &json!({ "token": second }));
        // Nobody knows whose password it was: whoever reads the mail chooses one.
        kw.sign_in(ALICE, OTHER).refused(401, "INVALID_CREDENTIALS");
        let chosen = json!({ "token": code_to(kw, ALICE), "password": OTHER });
        done(kw, "/auth/password/reset", &chosen);
        assert_eq!(kw.me(&planted), 401);
        kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
        kw.sign_in(ALICE, MALLORY)
            .refused(401, "INVALID_CREDENTIALS");
        assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
    }
);

both!(
    e7_a_username_that_is_taken_tells_nothing_of_an_address,
    OPEN,
    |kw| {
        alice(kw);
        kw.add("bob@example.com", Some("bob"), false);
        for email in [ALICE, "free@example.com"] {
            let body = json!({ "email": email, "username": "bob", "password": OTHER });
            let answer = kw.post("/auth/register").json(&body).send();
            answer.refused(409, "CONFLICT");
        }
    }
);

both!(p37_a_link_speaks_the_language_of_its_mail, OPEN, |kw| {
    let body = json!({ "email": ALICE, "password": PASSWORD, "language": "nl-BE" });
    assert_eq!(kw.post("/auth/register").json(&body).send().status, 202);
    let link = kw.last_mail_to(ALICE).link();
    let page = "http://localhost:8080/account?lang=nl#verify_email=kwo1_";
    assert!(link.starts_with(page), "{link}");
});

both!(
    b17_who_asked_for_many_mails_is_told_that_no_more_are_sent,
    OPEN,
    |kw| {
        let ask = |email: &str| {
            let body = json!({ "email": email, "password": PASSWORD });
            let ask = kw.post("/auth/register").peer("203.0.113.7");
            ask.json(&body).send()
        };
        for number in 0..10 {
            assert_eq!(ask(&format!("user{number}@example.com")).status, 202);
        }
        let before = kw.state();
        for email in ["user1@example.com", "another@example.com"] {
            ask(email).refused(429, "REQUESTS_EXCEEDED");
        }
        assert_eq!(kw.state(), before);
    }
);

both!(
    l14_an_address_that_somebody_merely_named_is_free,
    OPEN,
    |kw| {
        let body =
            json!({ "email": "mallory@example.com", "emails": [ALICE], "password": PASSWORD });
        assert_eq!(kw.post("/auth/register").json(&body).send().status, 202);
        let planted = code_to(kw, ALICE);
        assert_eq!(register(kw, ALICE, OTHER).status, 202);
        let stale = kw
            .post("/auth/email/verify")
            .json(&json!({ "token": planted }));
        stale.send().refused(400, "INVALID_CODE");
        let token = code_to(kw, ALICE);
        done(kw, "/auth/email/verify", &json!({ "token": token }));
        assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
        kw.sign_in(ALICE, PASSWORD)
            .refused(401, "INVALID_CREDENTIALS");
    }
);

#[test]
fn registration_that_is_closed_says_so_and_does_nothing() {
    for (setting, word) in [("closed", "closed"), ("invite", "invitation")] {
        let kw = TestKeyward::with(&[("KEYWARD_REGISTRATION", setting)]);
        let before = kw.state();
        for path in ["/auth/register", "/users/register"] {
            let answer = kw
                .post(path)
                .json(&json!({ "email": ALICE, "password": PASSWORD }))
                .send();
            answer.refused(403, "FORBIDDEN");
            assert!(answer.body.contains(word), "{answer:?}");
            assert!(answer.body.contains("KEYWARD_REGISTRATION"), "{answer:?}");
        }
        assert_eq!(kw.state(), before);
        assert_eq!(kw.mails().len(), 0);
    }
}

both!(
    e13_what_can_not_be_registered_is_told_before_anything_is_looked_up,
    OPEN,
    |kw| {
        alice(kw);
        let (before, mails) = (kw.state(), kw.mails().len());
        for email in [ALICE, "bob@example.com"] {
            for (body, word) in [
                (json!({ "email": email }), "password"),
                (json!({ "email": email, "password": "short" }), "password"),
                (
                    json!({ "email": email, "password": "password123" }),
                    "password",
                ),
                (
                    json!({ "email": email, "password": PASSWORD, "is_anonymous": true }),
                    "is_anonymous",
                ),
                (
                    json!({ "email": email, "password": PASSWORD, "role": "administrator" }),
                    "role",
                ),
                (
                    json!({ "email": email, "password": PASSWORD, "verified": true }),
                    "verified",
                ),
                (json!({ "email": "nobody", "password": PASSWORD }), "email"),
                (
                    json!({ "email": email, "password": PASSWORD, "firstName": 5 }),
                    "firstName",
                ),
                (
                    json!({ "email": email, "password": PASSWORD, "firstName": "a\r\nBcc: b" }),
                    "firstName",
                ),
                (
                    json!({ "email": email, "password": PASSWORD, "verification_url": "//evil.com" }),
                    "verification_url",
                ),
                (json!({ "password": PASSWORD }), "email"),
            ] {
                let answer = kw.post("/auth/register").json(&body).send();
                answer.refused(400, "INVALID_PAYLOAD");
                assert!(answer.body.contains(word), "{answer:?}");
            }
        }
        assert_eq!(kw.state(), before);
        assert_eq!(kw.mails().len(), mails);
    }
);

both!(
    y04_y10_a_username_alone_is_enough_and_is_taken_once,
    OPEN,
    |kw| {
        let body = json!({ "username": "alice", "password": PASSWORD });
        let answer = kw.post("/auth/register").json(&body).send();
        assert_eq!(answer.status, 201);
        assert_eq!(kw.mails().len(), 0);
        let again = kw.post("/auth/register").json(&body).send();
        again.refused(409, "CONFLICT");
        let sign_in = kw.post("/auth/login").json(&body).send();
        assert_eq!(sign_in.status, 200, "{sign_in:?}");
        assert_eq!(kw.oisp_sign_in("alice", PASSWORD).status, 200);
    }
);

both!(
    p09_directus_registers_with_names_and_a_page_of_the_application,
    OPEN,
    |kw| {
        let body = json!({
            "email": ALICE, "password": PASSWORD, "first_name": "Alice", "last_name": "Liddell",
            "verification_url": "https://app.example.com/account/verify",
        });
        done(kw, "/users/register", &body);
        let link = kw.last_mail_to(ALICE).link();
        let (page, code) = link.split_once("?token=").unwrap();
        assert_eq!(page, "https://app.example.com/account/verify");
        let verify = kw.get(&format!("/users/register/verify-email?token={code}"));
        assert_eq!(verify.send().status, 204);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let me = kw.get("/users/me").bearer(&access).send().json();
        assert_eq!(
            (text(&me, "first_name"), text(&me, "last_name")),
            ("Alice".into(), "Liddell".into())
        );
    }
);

/// Two names are kept. A third one is not lost in silence.
#[test]
fn y12_y19_a_name_beside_first_and_last_is_theirs_or_refused() {
    let kw = TestKeyward::with(OPEN);
    let create = |username: &str, owner: &Value| {
        let password = json!({ "value": PASSWORD });
        let body = json!({ "username": username, "password": password, "owner": owner });
        kw.post("/auth/accounts").json(&body).send()
    };
    let whole = json!({ "name": "Erin Doe", "firstName": "Erin", "lastName": "Doe" });
    assert_eq!(create("erin", &whole).status, 200);
    let only = json!({ "name": "Erin Q. Doe" });
    assert_eq!(create("erinq", &only).status, 200);
    for (number, owner) in [
        json!({ "name": "Erin Q. Doe", "firstName": "Erin", "lastName": "Doe" }),
        json!({ "name": "Erin Q. Doe", "lastName": "Doe" }),
    ]
    .iter()
    .enumerate()
    {
        create(&format!("other{number}"), owner).refused(400, "INVALID_PAYLOAD");
    }
}

both!(
    y06_y12_y13_y14_y15_y20_hypi_creates_an_account,
    OPEN,
    |kw| {
        let body = json!({
            "username": "alice",
            "password": { "value": PASSWORD },
            "owner": { "name": "Alice", "dateOfBirth": "1852-05-04", "gender": "F", "address": "Oxford" },
            "emails": [{ "value": ALICE }, { "value": "liddell@example.com" }],
            "phones": [{ "value": "+44 1865 270000" }],
            "groups": [{ "name": "readers" }],
        });
        let made = kw.post("/auth/accounts").json(&body).send();
        assert_eq!(made.status, 200, "{made:?}");
        let made = made.json();
        assert_eq!(text(&made, "created"), "2026-01-01T00:00:00.000Z");
        assert_eq!(made["createdBy"], made["id"]);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let me = kw.get("/auth/me").bearer(&access).send().json();
        assert_eq!(text(&me, "dateOfBirth"), "1852-05-04");
        assert_eq!(me["groups"], json!(["readers"]));
        assert_eq!(me["phones"][0]["value"], "+44 1865 270000");
        assert_eq!(me["emails"][1]["value"], "liddell@example.com");
        // A further address is no name to sign in by until it is proven.
        kw.sign_in("liddell@example.com", PASSWORD)
            .refused(401, "INVALID_CREDENTIALS");
        let token = code_to(kw, "liddell@example.com");
        done(kw, "/auth/email/verify", &json!({ "token": token }));
        assert_eq!(kw.sign_in("liddell@example.com", PASSWORD).status, 200);
        // As the original, it tells; so often and no more.
        let again = || {
            let ask = kw.post("/auth/accounts").peer("203.0.113.7");
            ask.json(&body).send()
        };
        for _ in 0..10 {
            again().refused(409, "CONFLICT");
        }
        again().refused(429, "REQUESTS_EXCEEDED");
    }
);
