//! A proxy is told of nobody by a name or address that is not theirs any more: another account may
//! have it by then.

use serde_json::json;

use crate::support::{Answer, PASSWORD, TestKeyward, actor};

const ALICE: &str = "alice@example.com";
const NEW: &str = "alice@new.example";
const MAILED: &[(&str, &str)] = &[("KEYWARD_REGISTRATION", "open")];

fn verify(kw: &TestKeyward, token: &str) -> Answer {
    kw.get("/auth/verify").bearer(token).send()
}

fn code_to(kw: &TestKeyward, to: &str) -> String {
    let link = kw.last_mail_to(to).link();
    link.rsplit('=').next().unwrap().to_owned()
}

fn post(kw: &TestKeyward, (path, access): (&str, &str), body: &serde_json::Value, status: u16) {
    let ask = kw.post(path).json(body);
    let ask = if access.is_empty() {
        ask
    } else {
        ask.bearer(access)
    };
    let answer = ask.send();
    assert_eq!(answer.status, status, "{path}: {answer:?}");
}

/// An address in the place of the one before, by each way that there is.
fn change(kw: &TestKeyward, access: &str, way: &str) {
    let new = json!({ "email": NEW, "password": PASSWORD });
    if way == "change" {
        post(kw, ("/auth/email/change", access), &new, 202);
        let token = json!({ "token": code_to(kw, NEW) });
        post(kw, ("/auth/email/change/confirm", ""), &token, 204);
    } else {
        post(kw, ("/auth/me/emails", access), &new, 202);
        let token = json!({ "token": code_to(kw, NEW) });
        post(kw, ("/auth/me/emails/confirm", ""), &token, 204);
        assert_eq!(
            verify(kw, access).status,
            200,
            "the primary one is the same"
        );
        let path = format!("/auth/me/emails/{NEW}/primary");
        post(kw, (&path, access), &json!({ "password": PASSWORD }), 204);
    }
}

fn names_no_address_of_before(kw: &TestKeyward, way: &str) {
    let replica = kw.replica();
    let id = kw.add_verified(ALICE);
    let key = kw.key(id, &[]);
    let (access, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
    for each in [kw, &replica] {
        for token in [&access, &key] {
            let answer = verify(each, token);
            assert_eq!(answer.header("remote-email"), Some(ALICE), "{answer:?}");
        }
    }
    change(kw, &access, way);
    for each in [kw, &replica] {
        each.catch_up();
        verify(each, &access).refused(401, "TOKEN_EXPIRED");
        assert_eq!(verify(each, &key).header("remote-email"), Some(NEW));
    }
    // The session goes on, and says what is so.
    let (access, _) = kw.refresh(&refresh).tokens();
    assert_eq!(verify(kw, &access).header("remote-email"), Some(NEW));
}

both!(
    f1_tokens_and_keys_name_no_address_that_was_changed,
    MAILED,
    |kw| {
        names_no_address_of_before(kw, "change");
    }
);

both!(
    f1_tokens_and_keys_name_no_address_that_is_not_the_primary_one_any_more,
    MAILED,
    |kw| {
        names_no_address_of_before(kw, "primary");
    }
);

both!(f1_tokens_and_keys_name_no_username_of_before, |kw| {
    let id = kw.add(ALICE, Some("alice"), false);
    let key = kw.key(id, &[]);
    let (access, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
    let patch = |access: &str, name: &str| {
        let ask = kw.ask("PATCH", "/auth/me").bearer(access);
        let answer = ask.json(&json!({ "username": name })).send();
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    assert_eq!(verify(kw, &key).header("remote-user"), Some("alice"));
    // The same name is no other one.
    patch(&access, "alice");
    assert_eq!(verify(kw, &access).header("remote-user"), Some("alice"));
    patch(&access, "alina");
    verify(kw, &access).refused(401, "TOKEN_EXPIRED");
    assert_eq!(verify(kw, &key).header("remote-user"), Some("alina"));
    let (access, _) = kw.refresh(&refresh).tokens();
    assert_eq!(verify(kw, &access).header("remote-user"), Some("alina"));
    assert_eq!(actor(&kw.kw, &access).account(), id);
});
