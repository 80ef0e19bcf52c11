//! Exchanging an access token, also an expired one, for a new one (semantics 2,
//! threats X1 to X17): everything is checked but its age, and the same counter moves as
//! with a refresh.

mod access;
mod names;
mod request;
mod reuse;

use keyward::domain::id::AccountId;
use keyward::domain::password::Password;
use keyward::service::accounts::administer;
use keyward::service::keys;
use serde_json::{Value, json};

use crate::support::{Answer, Forge, PASSWORD, TestKeyward, text};
use crate::tokens::access_token::{forgeries, show};

const PATH: &str = "/auth/token";

/// The life of an access token, and the window after it.
const LIFE: u64 = 900;
const WINDOW: u64 = 3600;

fn exchange(kw: &TestKeyward, token: &str) -> Answer {
    kw.get(&format!("{PATH}?token={token}")).send()
}

/// The new token.
#[track_caller]
fn exchanged(kw: &TestKeyward, token: &str) -> String {
    let answer = exchange(kw, token);
    assert_eq!(answer.status, 200, "{answer:?}");
    text(&answer.json(), "token")
}

/// An expired access token, and the refresh token that came with it.
fn expired(kw: &TestKeyward) -> (String, String) {
    let tokens = kw.signed_in("alice@example.com");
    kw.advance(LIFE + 10);
    assert_eq!(kw.me(&tokens.0), 401);
    tokens
}

fn id_of(access: &str) -> AccountId {
    text(&Forge::claims_of(access), "sub").parse().unwrap()
}

both!(
    x1_switched_off_there_is_no_such_route,
    &[("KEYWARD_EXCHANGE_WINDOW", "0")],
    |kw| {
        let (access, _) = kw.signed_in("alice@example.com");
        let before = kw.state();
        for method in ["GET", "POST"] {
            for path in [PATH.to_owned(), format!("{PATH}?token={access}")] {
                let answer = kw.ask(method, &path).send();
                answer.refused(404, "ROUTE_NOT_FOUND");
            }
            let answer = kw.ask(method, PATH).bearer(&access).send();
            answer.refused(404, "ROUTE_NOT_FOUND");
        }
        assert_eq!(kw.state(), before);
    }
);

both!(x2_a_token_older_than_the_window_is_expired_for_good, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    kw.advance(LIFE + WINDOW);
    let before = kw.state();
    for later in [0, 1, 3600, 365 * 86_400] {
        kw.advance(later);
        exchange(kw, &access).refused(401, "TOKEN_EXPIRED");
    }
    assert_eq!(kw.state(), before);
});

both!(
    x2_up_to_the_last_second_of_the_window_it_is_exchanged,
    |kw| {
        let (access, _) = kw.signed_in("alice@example.com");
        kw.advance(LIFE + WINDOW - 1);
        assert_eq!(kw.me(&exchanged(kw, &access)), 200);
    }
);

// Seed O's token has no refresh token beside it, so its window is the session's idle
// limit: its holders have no other way to go on (semantics 2, rule 1).
both!(x2_the_long_token_has_the_longer_window, |kw| {
    kw.add("alice@example.com", Some("alice"), false);
    let (early, late) = (kw.oisp_login("alice"), kw.oisp_login("alice"));
    kw.advance((24 + 12) * 3600 - 1);
    let young = exchanged(kw, &early);
    assert_eq!(Forge::claims_of(&young)["cls"], "oisp");
    kw.advance(1);
    let before = kw.state();
    exchange(kw, &late).refused(401, "TOKEN_EXPIRED");
    assert_eq!(kw.state(), before);
});

both!(x3_a_session_that_is_over_gives_nothing, |kw| {
    type End = fn(&TestKeyward, &str);
    let ends: [(&str, End); 4] = [
        ("logged-out", |kw, access| {
            let answer = kw.post("/auth/logout").bearer(access).send();
            assert_eq!(answer.status, 204);
        }),
        ("disabled", |kw, access| {
            administer::set_enabled(&kw.kw, id_of(access), false).unwrap();
        }),
        ("password-set", |kw, access| {
            let password = Password::parse(PASSWORD).unwrap();
            administer::set_password(&kw.kw, id_of(access), &password).unwrap();
        }),
        ("sessions-revoked", |kw, access| {
            administer::revoke_sessions(&kw.kw, id_of(access)).unwrap();
        }),
    ];
    let each = ends.map(|(name, end)| {
        let (access, _) = kw.signed_in(&format!("{name}@example.com"));
        end(kw, &access);
        access
    });
    let before = kw.state();
    for later in [0, LIFE + 10] {
        kw.advance(later);
        for access in &each {
            exchange(kw, access).refused(401, "INVALID_TOKEN");
        }
    }
    assert_eq!(kw.state(), before);
});

// The same where the other process has not yet heard of it: the row decides.
both!(x3_another_process_finds_the_session_over_too, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    let replica = kw.replica();
    assert_eq!(kw.post("/auth/logout").bearer(&access).send().status, 204);
    let before = kw.state();
    exchange(&replica, &access).refused(401, "INVALID_TOKEN");
    assert_eq!(kw.state(), before);
});

both!(x6_no_forgery_passes_because_it_is_old, |kw| {
    let (access, _) = expired(kw);
    let before = kw.state();
    for (row, forge) in forgeries::ALL {
        for token in forge(kw, &access) {
            let answer = show(kw.get(PATH), kw, PATH, "token", &token).send();
            let short: String = token.chars().take(300).collect();
            assert_eq!(answer.status, 401, "{row} {short} {answer:?}");
            assert_eq!(answer.code(), "INVALID_TOKEN", "{row} {short}");
        }
        assert_eq!(kw.state(), before, "{row}");
    }
    assert_eq!(kw.me(&exchanged(kw, &access)), 200, "the genuine token");
});

both!(
    x7_a_token_of_a_retired_key_is_exchanged_for_one_of_the_active_key,
    |kw| {
        let (access, _) = kw.signed_in("alice@example.com");
        let active = keys::rotate(&kw.kw).unwrap().id;
        kw.advance(LIFE + WINDOW - 1);
        let young = exchanged(kw, &access);
        assert_ne!(Forge::header_of(&access)["kid"], json!(active));
        assert_eq!(Forge::header_of(&young)["kid"], json!(active));
        assert_eq!(kw.me(&young), 200);
    }
);

both!(x7_a_token_of_a_compromised_key_is_not_exchanged, |kw| {
    let (access, refresh) = expired(kw);
    let replica = kw.replica();
    keys::replace_compromised(&kw.kw).unwrap();
    replica.catch_up();
    let before = kw.state();
    for each in [kw, &replica] {
        exchange(each, &access).refused(401, "INVALID_TOKEN");
    }
    assert_eq!(kw.state(), before);
    assert_eq!(kw.refresh(&refresh).outcome(), "fresh", "the session lives");
});

both!(
    x8_a_token_without_a_session_or_for_others_is_refused,
    |kw| {
        let (access, _) = expired(kw);
        let before = kw.state();
        let ours = kw.forge();
        for change in [
            ("sid", Value::Null),
            ("sid", Forge::claims_of(&access)["jti"].clone()),
            ("aud", json!("another")),
            ("aud", Value::Null),
            ("iss", json!("http://evil.example")),
            // Rightly signed for another account, class or epoch than the session's.
            ("sub", json!(uuid::Uuid::from_u128(1))),
            ("cls", json!("oisp")),
            ("epoch", json!(7)),
            // Of a generation that the session has not reached.
            ("gen", json!(7)),
        ] {
            let claims = Forge::with(&access, std::slice::from_ref(&change));
            let token = ours.sign(&ours.header(), &claims);
            exchange(kw, &token).refused(401, "INVALID_TOKEN");
            assert_eq!(kw.state(), before, "{change:?}");
        }
    }
);
