//! "The same set of permissions, no more, no less" (seed Y): the old token's, as long
//! as its holder still has all of them, and never beyond the session's end.

use keyward::service::accounts::administer;
use serde_json::json;

use super::{LIFE, exchange, exchanged, id_of};
use crate::support::{Forge, PASSWORD, TestKeyward, text};

const RIGHTS: &[&str] = &["roles", "permissions", "role", "admin_access", "app_access"];

/// An account with these roles that is signed in.
fn with_roles(kw: &TestKeyward, roles: &[&str]) -> (String, String) {
    kw.define_role("reader", &["read"]);
    kw.define_role("editor", &["read", "write"]);
    let account = kw.account("alice@example.com");
    for role in roles {
        administer::grant_role(&kw.kw, account, role).unwrap();
    }
    let body = kw.login("alice@example.com");
    (text(&body, "access_token"), text(&body, "refresh_token"))
}

#[track_caller]
fn same_rights(old: &str, new: &str) {
    let (old, new) = (Forge::claims_of(old), Forge::claims_of(new));
    for name in RIGHTS {
        assert_eq!(old[*name], new[*name], "{name}");
    }
}

both!(
    x9_y35_what_was_taken_since_is_not_given_and_not_left_out,
    |kw| {
        let (access, refresh) = with_roles(kw, &["reader", "editor"]);
        administer::take_role(&kw.kw, id_of(&access), "editor").unwrap();
        let before = kw.state();
        for later in [0, LIFE + 10] {
            kw.advance(later);
            exchange(kw, &access).refused(401, "INVALID_TOKEN");
            assert_eq!(kw.me(&access), 401);
        }
        assert_eq!(kw.state(), before, "the session lives, at its generation");
        // The way to go on: a refresh, which reads the access afresh.
        let answer = kw.refresh(&refresh);
        let young = text(&answer.json(), "access_token");
        assert_eq!(Forge::claims_of(&young)["roles"], json!(["reader"]));
    }
);

both!(
    x9_an_administrator_who_is_none_any_more_gives_up_the_token,
    |kw| {
        kw.add("other@example.com", None, true);
        let account = kw.add("root@example.com", None, true);
        let access = text(&kw.login("root@example.com"), "access_token");
        assert_eq!(Forge::claims_of(&access)["admin_access"], true);
        administer::take_role(&kw.kw, account, "administrator").unwrap();
        let before = kw.state();
        exchange(kw, &access).refused(401, "INVALID_TOKEN");
        exchange(&kw.replica(), &access).refused(401, "INVALID_TOKEN");
        assert_eq!(kw.state(), before);
    }
);

both!(
    x10_y34_what_was_granted_since_is_not_in_the_new_token,
    |kw| {
        let (access, _) = with_roles(kw, &["reader"]);
        administer::grant_role(&kw.kw, id_of(&access), "editor").unwrap();
        kw.define_role("reader", &["list"]);
        kw.advance(LIFE + 10);
        let young = exchanged(kw, &access);
        same_rights(&access, &young);
        assert_eq!(Forge::claims_of(&young)["permissions"], json!(["read"]));
        // Nor in the next, however long the chain grows.
        let younger = exchanged(kw, &young);
        same_rights(&access, &younger);
        assert_eq!(kw.me(&younger), 200);
    }
);

// What is taken and given again is held again; in between nothing was exchanged.
both!(x9_a_role_held_again_is_held, |kw| {
    let (access, _) = with_roles(kw, &["reader"]);
    administer::take_role(&kw.kw, id_of(&access), "reader").unwrap();
    exchange(kw, &access).refused(401, "INVALID_TOKEN");
    administer::grant_role(&kw.kw, id_of(&access), "reader").unwrap();
    let young = exchanged(kw, &access);
    same_rights(&access, &young);
    assert_eq!(kw.me(&young), 200);
});

/// The code of this moment (RFC 6238).
fn code(kw: &TestKeyward, secret: &str) -> String {
    let now = u64::try_from(kw.kw.clock.now().seconds()).unwrap();
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret);
    totp.build_noncompliant().generate(now).to_string()
}

both!(x12_a_second_factor_since_is_not_passed_over, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    // By the routes where the session goes on that switches it on.
    let secret = kw.enrol_in_directus(&access);

    let before = kw.state();
    for later in [0, LIFE + 10] {
        kw.advance(later);
        exchange(kw, &access).refused(401, "INVALID_TOKEN");
    }
    assert_eq!(kw.state(), before);

    // Who has shown it may go on.
    let body = json!({
        "email": "alice@example.com", "password": PASSWORD, "otp": code(kw, &secret),
    });
    let (access, _) = kw.post("/auth/login").json(&body).send().tokens();
    let young = exchanged(kw, &access);
    assert_eq!(Forge::claims_of(&young)["aal"], 2);
    assert_eq!(kw.me(&young), 200);
});

// How its holder signed in, and when, is copied; it was not done again.
both!(x12_an_exchange_is_no_authentication, |kw| {
    let (access, _) = with_roles(kw, &["reader"]);
    kw.advance(LIFE + 10);
    let young = exchanged(kw, &access);
    let (old, new) = (Forge::claims_of(&access), Forge::claims_of(&young));
    for name in [
        "amr",
        "aal",
        "auth_time",
        "sub",
        "sid",
        "epoch",
        "cls",
        "iss",
        "aud",
    ] {
        assert_eq!(old[name], new[name], "{name}");
    }
    for name in ["jti", "iat", "exp", "gen"] {
        assert_ne!(old[name], new[name], "{name}");
    }
});

const HOURS_11: &[(&str, &str)] = &[("KEYWARD_EXCHANGE_WINDOW", "11h")];

both!(
    x11_a_chain_of_exchanges_ends_with_the_session,
    HOURS_11,
    |kw| {
        let (mut access, _) = kw.signed_in("alice@example.com");
        let end = kw.session_of(&access).absolute_expires_at;
        assert_eq!(end.millis(), crate::support::BEGIN + 30 * 86_400_000);
        let mut links = 0;
        while kw.kw.clock.now() + std::time::Duration::from_secs(11 * 3600) < end {
            kw.advance(11 * 3600);
            access = exchanged(kw, &access);
            links += 1;
            assert_eq!(kw.generation_of(&access), links);
            assert_eq!(kw.session_of(&access).absolute_expires_at, end);
        }
        assert_eq!(links, 65);
        // The last one ends with the session, sooner than others.
        let left = u64::try_from(end.millis_since(kw.kw.clock.now())).unwrap() / 1000;
        kw.advance(left - 60);
        let last = exchanged(kw, &access);
        assert_eq!(Forge::claims_of(&last)["exp"], json!(end.seconds()));
        kw.advance(60);
        let before = kw.state();
        exchange(kw, &last).refused(401, "INVALID_TOKEN");
        kw.advance(30 * 86_400);
        exchange(kw, &last).refused(401, "TOKEN_EXPIRED");
        assert_eq!(kw.state(), before);
    }
);
