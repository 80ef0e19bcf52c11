//! Who signs in from another browser than before is told to the account's owner, where the
//! operator wants it.

use keyward::domain::mail_letter::LetterPurpose;
use serde_json::json;

use crate::support::{Answer, PASSWORD, TestKeyward, WRONG, text};

const ALICE: &str = "alice@example.com";
const ON: &[(&str, &str)] = &[
    ("KEYWARD_MAIL_NEW_SIGN_IN", "on"),
    ("KEYWARD_REGISTRATION", "open"),
];
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const CURL: &str = "curl/8.5.0";

fn proven(kw: &TestKeyward) {
    kw.account(ALICE);
    kw.sql("UPDATE accounts SET verified = TRUE");
}

fn json_by(kw: &TestKeyward, agent: &str) -> Answer {
    let body = json!({ "email": ALICE, "password": PASSWORD });
    let ask = kw.post("/auth/login").header("user-agent", agent);
    ask.json(&body).send()
}

/// In a browser that shows this mark: the mark that it has then.
fn cookie_by(kw: &TestKeyward, mark: &str) -> String {
    let body = json!({ "email": ALICE, "password": PASSWORD, "mode": "cookie" });
    let ask = kw.post("/auth/login").header("user-agent", FIREFOX);
    let answer = ask.device(mark).json(&body).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.device().unwrap()
}

fn told(kw: &TestKeyward) -> usize {
    let mails = kw.mails().into_iter();
    mails
        .filter(|mail| mail.purpose == LetterPurpose::NewSignIn)
        .count()
}

both!(m23_a_second_browser_is_told_once, ON, |kw| {
    proven(kw);
    assert_eq!(json_by(kw, FIREFOX).status, 200);
    assert_eq!(json_by(kw, FIREFOX).status, 200);
    assert_eq!(told(kw), 0, "the first ever, and the same again");
    assert_eq!(json_by(kw, CURL).status, 200);
    assert_eq!(told(kw), 1);
    let mail = kw.last_mail_to(ALICE);
    assert!(mail.text.contains("\nBrowser: curl\n"), "{}", mail.text);
    assert!(mail.text.contains("2026-01-01 00:00 UTC"), "{}", mail.text);
    assert_eq!(mail.links().len(), 0);
    for agent in [CURL, FIREFOX] {
        assert_eq!(json_by(kw, agent).status, 200);
    }
    assert_eq!(told(kw), 1);
    // OISP's face asks the same act, without a user agent.
    assert_eq!(kw.oisp_sign_in(ALICE, PASSWORD).status, 200);
    assert_eq!(told(kw), 2);
    assert_eq!(kw.oisp_sign_in(ALICE, PASSWORD).status, 200);
    assert_eq!(told(kw), 2);
});

both!(m23_a_browser_is_known_by_its_mark, ON, |kw| {
    proven(kw);
    let mark = cookie_by(kw, "");
    assert_eq!(cookie_by(kw, &mark), mark);
    assert_eq!(cookie_by(kw, &format!("planted {mark}")), mark);
    assert_eq!(told(kw), 0);
    // It calls itself the same, and is another one.
    assert_eq!(cookie_by(kw, ""), mark);
    assert_eq!(told(kw), 1);
    assert_eq!(cookie_by(kw, "planted"), mark);
    assert_eq!(told(kw), 2);
    assert_eq!(cookie_by(kw, &mark), mark);
    assert_eq!(told(kw), 2);
});

both!(m23_a_session_that_has_ended_was_a_sign_in_too, ON, |kw| {
    proven(kw);
    let access = text(&json_by(kw, FIREFOX).json(), "access_token");
    let out = kw.post("/auth/logout").bearer(&access).send();
    assert_eq!(out.status, 204);
    assert_eq!(json_by(kw, FIREFOX).status, 200);
    assert_eq!(told(kw), 0);
});

both!(m23_who_was_refused_is_not_told, ON, |kw| {
    proven(kw);
    assert_eq!(json_by(kw, FIREFOX).status, 200);
    let body = json!({ "email": ALICE, "password": WRONG });
    let ask = kw.post("/auth/login").header("user-agent", CURL);
    ask.json(&body).send().refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kw.mails().len(), 0);
    assert_eq!(kw.count("outbox"), 0);
});

both!(b17_the_quota_holds_and_keeps_nobody_out, ON, |kw| {
    proven(kw);
    for number in 0..10 {
        assert_eq!(json_by(kw, &format!("agent/{number}")).status, 200);
    }
    assert_eq!(told(kw), 3);
});

both!(m23_no_unproven_address_is_told, ON, |kw| {
    kw.account(ALICE);
    for agent in [FIREFOX, CURL] {
        assert_eq!(json_by(kw, agent).status, 200);
    }
    assert_eq!(kw.mails().len(), 0);
});

both!(m23_who_was_a_guest_signs_in_for_the_first_time, ON, |kw| {
    let token = text(&kw.post("/auth/anonymous").send().json(), "access_token");
    let body = json!({ "email": ALICE, "password": PASSWORD });
    let made = kw.post("/auth/register").bearer(&token).json(&body).send();
    assert_eq!(made.status, 202, "{made:?}");
    kw.sql("UPDATE accounts SET verified = TRUE; UPDATE emails SET verified = TRUE");
    let mark = cookie_by(kw, "");
    assert_eq!(told(kw), 0);
    cookie_by(kw, &mark);
    assert_eq!(told(kw), 0);
    cookie_by(kw, "");
    assert_eq!(told(kw), 1);
});

both!(m23_it_is_off_unless_it_is_set, |kw| {
    proven(kw);
    for agent in [FIREFOX, CURL] {
        assert_eq!(json_by(kw, agent).status, 200);
    }
    cookie_by(kw, "");
    assert_eq!(kw.mails().len(), 0);
});

both!(m23_what_is_not_committed_is_not_told, ON, |kw| {
    proven(kw);
    assert_eq!(json_by(kw, FIREFOX).status, 200);
    kw.sql("ALTER TABLE audit_events RENAME TO away");
    assert!(json_by(kw, CURL).status >= 500);
    kw.sql("ALTER TABLE away RENAME TO audit_events");
    assert_eq!(kw.count("outbox"), 0);
    assert_eq!(told(kw), 0);
    // It is still a browser that nobody signed in from.
    assert_eq!(json_by(kw, CURL).status, 200);
    assert_eq!(told(kw), 1);
});
