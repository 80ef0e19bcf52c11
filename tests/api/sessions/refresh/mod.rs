//! `POST /auth/refresh` on the wire (rows D-27 to D-37): where the refresh token comes
//! from, where its successor goes, and what is refused before any session is touched.
//! What becomes of a session that is refreshed is `refresh_rules.rs`.

mod against_ends;
mod ends;
mod failed_commit;
mod faults;
mod flood;
mod invariants;
mod races;
mod refused;
mod restart;
mod rows;
mod rules;
mod seen_notes;
mod thief;

use keyward::domain::recent_generations::Recent;
use keyward::domain::refresh_rotation::Generation;
use keyward::domain::session::Session;
use keyward::service::accounts::administer;
use keyward::support::clock::Timestamp;
use serde_json::{Value, json};

use crate::support::{Answer, BEGIN, Forge};

fn keys(body: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

/// Where an answer carries the successor: in the body or in the cookie, never in both.
#[track_caller]
fn carried(answer: &Answer) -> (&'static str, String) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    match (body.get("refresh_token"), answer.cookie()) {
        (Some(token), None) => ("json", token.as_str().unwrap().to_owned()),
        (None, Some(token)) => ("cookie", token),
        _ => panic!("in both or in neither: {answer:?}"),
    }
}

both!(d27_d28_d32_d33_d34_h20_new_tokens_for_old, |kw| {
    let (old_access, old) = kw.signed_in("alice@example.com");
    kw.advance(60);
    let answer = kw.refresh(&old);
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(
        keys(&body),
        ["access_token", "expires", "expires_at", "refresh_token"]
    );
    assert_eq!(
        body["expires"],
        json!(900_000),
        "D-33: milliseconds, a number"
    );
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "H-24");
    assert_eq!(answer.outcome(), "fresh");

    let (access, refresh) = answer.tokens();
    assert_ne!(refresh, old, "H-21");
    let (before, after) = (Forge::claims_of(&old_access), Forge::claims_of(&access));
    assert!(after["exp"].as_i64() > before["exp"].as_i64());
    assert_eq!(after["gen"], json!(1));
    for same in [
        "sub",
        "sid",
        "iss",
        "aud",
        "auth_time",
        "amr",
        "aal",
        "epoch",
    ] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_ne!(after["jti"], before["jti"]);
    assert_eq!(kw.me(&access), 200);
    assert_eq!(
        kw.refresh(&refresh).status,
        200,
        "D-34: it refreshes in its turn"
    );
});

both!(r1_a_refresh_changes_one_row, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let (others_access, _) = kw.signed_in("bob@example.com");
    let (before, other) = (kw.session_of(&access), kw.session_of(&others_access));
    let alice = administer::find(&kw.kw, "alice@example.com").unwrap();
    kw.advance(100);
    assert_eq!(kw.refresh(&refresh).outcome(), "fresh");
    let now = Timestamp::from_millis(BEGIN + 100_000);
    let expected = Session {
        generation: Generation {
            number: 1,
            rotated_at: now,
            replays: 0,
            seen: false,
            recent: Recent::default(),
        },
        idle_expires_at: Timestamp::from_millis(now.millis() + 12 * 3_600_000),
        ..before
    };
    assert_eq!(kw.session_of(&access), expected);
    assert_eq!(kw.session_of(&others_access), other);
    assert_eq!(
        administer::find(&kw.kw, "alice@example.com").unwrap(),
        alice
    );
    assert_eq!(kw.audit(alice.id).len(), 2, "added, signed in");
});

both!(d29_the_cookie_is_all_that_is_needed, |kw| {
    let (access, mut cookie) = kw.signed_in_by_cookie("alice@example.com");
    for (number, body) in [None, Some("{}"), Some(r#"{"mode":"cookie"}"#)]
        .iter()
        .enumerate()
    {
        let ask = kw.post("/auth/refresh").cookie(&cookie);
        let answer = match body {
            Some(body) => ask.body("application/json", *body).send(),
            None => ask.send(),
        };
        let (place, next) = carried(&answer);
        assert_eq!((place, answer.outcome()), ("cookie", "fresh"), "{body:?}");
        assert_eq!(
            keys(&answer.json()),
            ["access_token", "expires", "expires_at"],
            "D-34"
        );
        assert_eq!(answer.set_cookies().len(), 1);
        assert!(!answer.body.contains("kwr1_"), "{answer:?}");
        assert_ne!(next, cookie);
        cookie = next;
        let generation = kw.session_of(&access).generation.number;
        assert_eq!(generation as usize, number + 1);
    }
});

both!(d30_d31_the_mode_says_where_the_successor_goes, |kw| {
    let (_, refresh) = kw.signed_in("alice@example.com");
    // Given in, asked for, given out. A client that is no browser may move its token.
    let table = [
        ("json", None, "json"),
        ("json", Some("json"), "json"),
        ("json", Some("cookie"), "cookie"),
        ("cookie", None, "cookie"),
        ("cookie", Some("cookie"), "cookie"),
        ("cookie", Some("json"), "json"),
        ("both", None, "cookie"),
    ];
    let mut token = refresh;
    for (given, mode, expected) in table {
        let mut body = json!({});
        if given != "cookie" {
            body["refresh_token"] = json!(token);
        }
        if let Some(mode) = mode {
            body["mode"] = json!(mode);
        }
        let ask = kw.post("/auth/refresh").json(&body);
        let ask = if given == "json" {
            ask
        } else {
            ask.cookie(&token)
        };
        let answer = ask.send();
        let (place, next) = carried(&answer);
        assert_eq!(
            (place, answer.outcome()),
            (expected, "fresh"),
            "{given} {mode:?}"
        );
        token = next;
    }
});

both!(d35_the_seeds_literal_example_is_refused, |kw| {
    let (_, refresh) = kw.signed_in("alice@example.com");
    let before = kw.state();
    let body = json!({ "refresh_token": "gmPd...8wuB", "mode": "json" });
    let answer = kw.post("/auth/refresh").json(&body).send();
    answer.refused(401, "INVALID_CREDENTIALS");
    assert_eq!(
        answer.body,
        r#"{"errors":[{"message":"Invalid user credentials.","extensions":{"code":"INVALID_CREDENTIALS"}}]}"#
    );
    assert_eq!(kw.state(), before);
    let body = json!({ "refresh_token": refresh, "mode": "json" });
    assert_eq!(
        kw.post("/auth/refresh").json(&body).send().outcome(),
        "fresh"
    );
});

// Decision 17 and I5: clients differ in what else they send. There are no
// organizations yet, so that of row R23 is such a field.
both!(r23_i5_unknown_fields_are_ignored, |kw| {
    let (_, refresh) = kw.signed_in("alice@example.com");
    let body =
        json!({ "refresh_token": refresh, "org_id": "x", "gen": 9, "role": "administrator" });
    let (access, _) = kw.post("/auth/refresh").json(&body).send().tokens();
    let claims = Forge::claims_of(&access);
    assert_eq!(
        (&claims["org"], &claims["gen"], &claims["roles"]),
        (&json!(null), &json!(1), &json!([]))
    );
});
