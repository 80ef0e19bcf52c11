//! Who changes their own username learns of few others' (docs/decisions/0178).

use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestKeyward, text};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
const HERE: &str = "203.0.113.7";
const THERE: &str = "198.51.100.9";

fn rename(kw: &TestKeyward, (path, access): (&str, &str), (peer, name): (&str, &str)) -> Answer {
    let ask = kw.ask("PATCH", path).bearer(access).peer(peer);
    ask.json(&json!({ "username": name })).send()
}

fn name_of(kw: &TestKeyward, access: &str) -> Value {
    kw.get("/auth/me").bearer(access).send().json()["username"].clone()
}

both!(attack_l19_taken_names_are_told_ten_times_an_hour, |kw| {
    for number in 0..12 {
        let email = format!("user{number}@example.com");
        kw.add(&email, Some(&format!("user{number}")), false);
    }
    let (alice, _) = kw.signed_in(ALICE);
    let (bob, _) = kw.signed_in(BOB);
    let me = ("/auth/me", alice.as_str());
    // By both faces together, however the name is written.
    for number in 0..10 {
        let path = ["/auth/me", "/users/me"][number % 2];
        let name = [format!("user{number}"), format!("USER{number}")][number % 2].clone();
        let taken = rename(kw, (path, &alice), (HERE, &name));
        assert_eq!(taken.status, 409, "{taken:?}");
    }
    let refused = rename(kw, me, (HERE, "user10"));
    refused.refused(429, "REQUESTS_EXCEEDED");
    assert_eq!(refused.header("retry-after"), Some("3600"));
    // The same where the name is nobody's, or the answer would tell.
    rename(kw, me, (HERE, "nobodys")).refused(429, "REQUESTS_EXCEEDED");
    // The account from elsewhere, and others of the household.
    rename(kw, me, (THERE, "user10")).refused(429, "REQUESTS_EXCEEDED");
    rename(kw, ("/auth/me", &bob), (HERE, "user10")).refused(429, "REQUESTS_EXCEEDED");
    assert_eq!(name_of(kw, &alice), Value::Null);
    // What names nobody anew is no question.
    let profile = json!({ "firstName": "Alice" });
    let answer = kw.ask("PATCH", "/auth/me").bearer(&alice).peer(HERE);
    assert_eq!(answer.json(&profile).send().status, 200);
    rename(kw, ("/auth/me", &bob), (THERE, "user10")).refused(409, "CONFLICT");
    kw.advance(3600);
    let alice = kw.sign_in(ALICE, PASSWORD).tokens().0;
    rename(kw, ("/auth/me", &alice), (HERE, "user10")).refused(409, "CONFLICT");
});

both!(attack_l19_names_that_are_free_are_not_counted, |kw| {
    let (mut access, mut refresh) = kw.signed_in(ALICE);
    for number in 0..12 {
        let name = format!("alice{number}");
        kw.advance(31);
        // With the rest of a profile the name of now comes along.
        for _ in 0..2 {
            let ask = kw.ask("PATCH", "/auth/me").bearer(&access).peer(HERE);
            let body = json!({ "username": name, "firstName": "Alice" });
            let answer = ask.json(&body).send();
            assert_eq!(answer.status, 200, "{answer:?}");
            (access, refresh) = kw.refresh(&refresh).tokens();
        }
    }
    let me = kw.get("/auth/me").bearer(&access).send().json();
    assert_eq!(text(&me, "username"), "alice11");
});

both!(
    attack_l19_registering_and_renaming_are_one_quota,
    &[("KEYWARD_REGISTRATION", "open")],
    |kw| {
        kw.add("carol@example.com", Some("carol"), false);
        let (alice, _) = kw.signed_in(ALICE);
        for _ in 0..10 {
            let body = json!({ "username": "carol", "password": PASSWORD });
            let ask = kw.post("/auth/register").peer(HERE).json(&body);
            ask.send().refused(409, "CONFLICT");
        }
        let refused = rename(kw, ("/auth/me", &alice), (HERE, "carol"));
        refused.refused(429, "REQUESTS_EXCEEDED");
    }
);

both!(
    attack_l28_nobody_chooses_a_path_or_a_command,
    &[("KEYWARD_REGISTRATION", "open")],
    |kw| {
        let (alice, _) = kw.signed_in(ALICE);
        for name in [
            "../../etc",
            "/etc/passwd",
            "..",
            ".",
            ".ssh",
            "~root",
            "`id`",
            "$(id)",
            "a\\b",
            "*",
            "-rf",
            "a;b",
            "a|b",
            "a&b",
            "<b>",
            "a\"b",
            "\u{ff0f}etc",
            "\u{ff5e}root",
        ] {
            let refused = rename(kw, ("/auth/me", &alice), (HERE, name));
            refused.refused(400, "INVALID_PAYLOAD");
            let body = json!({ "username": name, "password": PASSWORD });
            let refused = kw.post("/auth/register").peer(HERE).json(&body).send();
            refused.refused(400, "INVALID_PAYLOAD");
        }
        assert_eq!(name_of(kw, &alice), Value::Null);
        for name in ["o'neill", "a-b.c_d", "+358401234567", "名前", "a.."] {
            let alice = kw.sign_in(ALICE, PASSWORD).tokens().0;
            let named = rename(kw, ("/auth/me", &alice), (HERE, name));
            assert_eq!(named.status, 200, "{name}");
        }
    }
);

both!(attack_l28_a_name_of_before_is_kept, |kw| {
    kw.add(ALICE, Some("~alice"), false);
    let alice = kw.sign_in(ALICE, PASSWORD).tokens().0;
    let body = json!({ "username": "~alice", "firstName": "Alice" });
    let kept = kw
        .ask("PATCH", "/auth/me")
        .bearer(&alice)
        .json(&body)
        .send();
    assert_eq!(kept.status, 200, "{kept:?}");
    assert_eq!(text(&kept.json(), "username"), "~alice");
});
