//! Signing in while a guest (P-20, A7): the guest's session ends, and nothing is merged.

use keyward::domain::session::EndReason;
use serde_json::{Value, json};

use crate::support::{Answer, Ask, PASSWORD, TestKeyward, WRONG, account_of};

const ALICE: &str = "alice@example.com";

fn sign_in<'a>(kw: &'a TestKeyward, mode: &str) -> Ask<'a> {
    let body = json!({ "email": ALICE, "password": PASSWORD, "mode": mode });
    kw.post("/auth/login").json(&body)
}

fn guest_id(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json().get("guest_id").cloned().unwrap_or_default()
}

both!(p20_a7_a_sign_in_ends_the_guests_session, |kw| {
    let alice = kw.account(ALICE);
    let (access, refresh) = kw.guest();
    let guest = account_of(&access);
    let session = kw.session_of(&access).id;
    let answer = sign_in(kw, "json").bearer(&access).send();
    assert_eq!(guest_id(&answer), json!(guest));
    kw.assert_ended(&access, &[&refresh], EndReason::Renewed);
    // Within a second elsewhere too.
    let replica = kw.replica();
    assert_eq!(replica.me(&access), 401);
    // Nothing is merged: both accounts are what they were.
    assert!(kw.is_there(guest));
    let me = kw.get("/auth/me").bearer(&answer.tokens().0).send().json();
    assert_eq!((&me["id"], &me["email"]), (&json!(alice), &json!(ALICE)));
    assert_eq!(
        kw.audit(alice),
        ["account_added", "login_succeeded", "guest_signed_in"]
    );
    // The event names the account, and the guest by the session.
    let event = format!(
        "audit_events WHERE what = 'guest_signed_in' AND account_id = '{alice}' \
         AND session_id = '{session}'"
    );
    assert_eq!(kw.count(&event), 1);
    // A second sign-in by the dead token ends nothing and is refused for nothing.
    let again = sign_in(kw, "json").bearer(&access).send();
    assert_eq!(guest_id(&again), Value::Null);
});

// A1: mallory's guest in alice's browser is of no use to mallory once alice signs in.
both!(a1_a7_a_planted_guest_is_dead_after_the_sign_in, |kw| {
    kw.account(ALICE);
    let ask = kw
        .post("/auth/anonymous")
        .json(&json!({ "mode": "cookie" }));
    let planted = ask.send();
    let (access, cookie) = (
        crate::support::text(&planted.json(), "access_token"),
        planted.cookie().unwrap(),
    );
    let answer = sign_in(kw, "cookie").cookie(&cookie).send();
    assert_eq!(guest_id(&answer), json!(account_of(&access)));
    let own = answer.cookie().unwrap();
    assert_ne!(own, cookie);
    kw.assert_ended(&access, &[&cookie], EndReason::Renewed);
    let refreshed = kw.post("/auth/refresh").cookie(&own).send();
    assert_eq!(refreshed.status, 200);
    let own = crate::support::text(&refreshed.json(), "access_token");
    assert_ne!(kw.session_of(&own).id, kw.session_of(&access).id);
});

both!(a7_both_guests_of_one_browser_end, |kw| {
    kw.account(ALICE);
    let (one, one_refresh) = kw.guest();
    let (other, other_refresh) = kw.guest();
    let ask = sign_in(kw, "cookie").bearer(&one).cookie(&other_refresh);
    assert_eq!(guest_id(&ask.send()), json!(account_of(&one)));
    kw.assert_ended(&one, &[&one_refresh], EndReason::Renewed);
    kw.assert_ended(&other, &[&other_refresh], EndReason::Renewed);
});

// A guest's access token ends sooner than the session: the guest goes with it all the same.
both!(a7_a_guests_token_that_has_ended_ends_the_session, |kw| {
    kw.account(ALICE);
    let (access, refresh) = kw.guest();
    kw.advance(3600);
    let answer = sign_in(kw, "json").bearer(&access).send();
    assert_eq!(guest_id(&answer), json!(account_of(&access)));
    kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
});

both!(
    a7_whatever_stands_beside_a_sign_in_it_is_not_refused,
    |kw| {
        let alice = kw.account(ALICE);
        let (bob, bob_refresh) = kw.signed_in("bob@example.com");
        let (own, own_refresh) = sign_in(kw, "json").send().tokens();
        let (ended, _) = kw.guest();
        kw.post("/auth/logout").bearer(&ended).send();
        for beside in [
            "junk",
            "a.b.c",
            "",
            ended.as_str(),
            bob.as_str(),
            own.as_str(),
        ] {
            let answer = sign_in(kw, "json").bearer(beside).send();
            assert_eq!(guest_id(&answer), Value::Null, "{beside}");
        }
        let basic = sign_in(kw, "json").header("authorization", "Basic YTpi");
        assert_eq!(guest_id(&basic.send()), Value::Null);
        let two = sign_in(kw, "json").header("authorization", "Bearer a, Bearer b");
        assert_eq!(guest_id(&two.send()), Value::Null);
        // A token of an account ends nothing: neither another's nor one's own.
        assert_eq!((kw.me(&bob), kw.me(&own)), (200, 200));
        assert_eq!(kw.refresh(&bob_refresh).status, 200);
        assert_eq!(kw.refresh(&own_refresh).status, 200);
        assert!(!kw.audit(alice).contains(&"guest_signed_in".to_owned()));
    }
);

both!(a7_a_sign_in_that_is_refused_ends_no_guest, |kw| {
    kw.account(ALICE);
    let (access, refresh) = kw.guest();
    let before = kw.session_of(&access);
    let ask = kw.ask_sign_in(ALICE, WRONG).bearer(&access);
    ask.send().refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kw.session_of(&access), before);
    assert_eq!((kw.me(&access), kw.refresh(&refresh).status), (200, 200));
});

// By OISP's route as well. Its answer is the original's.
both!(a7_the_guest_of_an_oisp_sign_in_ends, |kw| {
    let alice = kw.account(ALICE);
    let (access, refresh) = kw.guest();
    let body = json!({ "username": ALICE, "password": PASSWORD });
    let answer = kw
        .post("/v1/api/auth/token")
        .bearer(&access)
        .json(&body)
        .send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json().as_object().unwrap().len(), 1);
    kw.assert_ended(&access, &[&refresh], EndReason::Renewed);
    assert!(kw.audit(alice).contains(&"guest_signed_in".to_owned()));
});

// Ended in the transaction of the sign-in: both, or neither.
both!(a7_a_sign_in_that_is_not_committed_ends_no_guest, |kw| {
    use crate::support::Fault;
    kw.account(ALICE);
    let (access, _) = kw.guest();
    for table in ["login_attempts", "audit_events", "revocations"] {
        kw.advance(850);
        kw.inject(Fault::CommitFails, "INSERT", table);
        let answer = sign_in(kw, "json").bearer(&access).send();
        assert_eq!(answer.status, 503, "{table}: {answer:?}");
        kw.mend();
        assert_eq!(kw.session_of(&access).ended, None, "{table}");
    }
});
