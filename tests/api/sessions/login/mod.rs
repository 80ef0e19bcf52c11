//! Signing in (acts behind `POST /auth/login` and `POST /v1/api/auth/token`): what is
//! written down, what is not, and that a refusal tells nobody why. The exact texts on
//! the wire are in `dialects/`; the password itself is `login_passwords.rs`.

mod abandoned;
mod passwords;
mod races;
mod renewal;

use keyward::domain::session::{Class, Method, Mode};
use keyward::service::accounts::administer::{self, NewAccount};
use serde_json::{Value, json};

use crate::support::{Answer, Forge, PASSWORD, TestKeyward};

/// Longer than any wait that failed attempts have earned.
const LONG: u64 = 1000;

fn directus(email: &str, password: &str) -> (&'static str, Value) {
    (
        "/auth/login",
        json!({ "email": email, "password": password }),
    )
}

fn oisp(username: &str, password: &str) -> (&'static str, Value) {
    let body = json!({ "username": username, "password": password });
    ("/v1/api/auth/token", body)
}

fn send(kw: &TestKeyward, (path, body): (&str, Value)) -> Answer {
    kw.post(path).json(&body).send()
}

both!(d12_o02_o03_h41_one_sign_in_writes_one_of_each, |kw| {
    let account = kw.add("Alice@example.com", Some("Alice"), false);
    let cookie = json!({ "email": "alice@example.com", "password": PASSWORD, "mode": "cookie" });
    let table = [
        (
            directus("alice@EXAMPLE.com", PASSWORD),
            Mode::Json,
            Class::Standard,
        ),
        (("/auth/login", cookie), Mode::Cookie, Class::Standard),
        (oisp("ALICE@example.com", PASSWORD), Mode::Json, Class::Oisp),
        (oisp("aLiCe", PASSWORD), Mode::Json, Class::Oisp),
    ];
    for (number, ((path, body), mode, class)) in table.into_iter().enumerate() {
        kw.advance(60);
        let before = administer::find(&kw.kw, "alice").unwrap();
        let ask = kw
            .post(path)
            .peer("203.0.113.9")
            .header("user-agent", "Test/1.0");
        let answer = ask.json(&body).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        let body = answer.json();
        let token = body.get("access_token").or(body.get("token")).unwrap();
        let access = token.as_str().unwrap();
        assert_eq!(Forge::claims_of(access)["sub"], json!(account));

        let now = kw.kw.clock.now();
        let session = kw.session_of(access);
        assert_eq!(
            (session.account, session.mode, session.class),
            (account, mode, class)
        );
        assert_eq!((session.created_at, session.generation.number), (now, 0));
        assert_eq!(session.authentication.methods, [Method::PASSWORD]);
        assert_eq!(
            (session.authentication.level, session.authentication.at),
            (1, now)
        );
        let address = session.address.map(|address| address.to_string());
        assert_eq!(address.as_deref(), Some("203.0.113.9"));
        assert_eq!(session.user_agent.as_deref(), Some("Test/1.0"));
        assert_eq!(
            session.absolute_expires_at.millis_since(now),
            30 * 86_400_000
        );

        let after = administer::find(&kw.kw, "alice").unwrap();
        assert_eq!(after.last_login_at, Some(now));
        assert_eq!(
            (after.updated_at, after.epoch),
            (before.updated_at, before.epoch)
        );
        let sessions = administer::sessions_of(&kw.kw, account).unwrap();
        assert_eq!(sessions.len(), number + 1);
        assert_eq!(kw.attempts(account), vec!["ok"; number + 1]);
        assert_eq!(kw.audit(account)[1..], vec!["login_succeeded"; number + 1]);
        assert_eq!(
            kw.count("limits WHERE failures > 0"),
            0,
            "a good attempt leaves no count behind"
        );
    }
});

both!(y17_attempts_are_kept_youngest_first, |kw| {
    let account = kw.account("alice@example.com");
    let began = kw.kw.clock.now();
    for password in ["wrong", "wrong too", PASSWORD] {
        kw.advance(10);
        send(kw, directus("alice@example.com", password));
    }
    let attempts = |limit| {
        kw.read(|db| keyward::store::login_attempts::list_of(db, account, limit))
            .into_iter()
            .map(|it| (it.at.millis_since(began), it.succeeded, it.outcome))
            .collect::<Vec<_>>()
    };
    let expected = [
        (30_000, true, "ok".to_owned()),
        (20_000, false, "wrong_password".to_owned()),
        (10_000, false, "wrong_password".to_owned()),
    ];
    assert_eq!(attempts(10), expected);
    assert_eq!(attempts(2), expected[..2]);
    assert_eq!(kw.audit(account), ["account_added", "login_succeeded"]);
});

/// Accounts that can not sign in, each for another reason, and the word for it.
fn shut_accounts(kw: &TestKeyward) -> Vec<(&'static str, &'static str, &'static str)> {
    let disabled = kw.account("disabled@example.com");
    administer::set_enabled(&kw.kw, disabled, false).unwrap();
    let new = NewAccount {
        further: Vec::new(),
        email: keyward::domain::identifier::Email::parse("passwordless@example.com"),
        username: None,
        password: None,
        admin: false,
        verified: false,
    };
    administer::add_account(&kw.kw, new).unwrap();
    let anonymous = kw.account("anonymous@example.com");
    let make = format!("UPDATE accounts SET anonymous = TRUE WHERE id = '{anonymous}'");
    kw.execute(&make, &make);
    let damaged = kw.account("damaged@example.com");
    kw.set_record(damaged, "not a record");
    let deleted = kw.account("deleted@example.com");
    let delete = format!("DELETE FROM accounts WHERE id = '{deleted}'");
    kw.execute(&delete, &delete);
    kw.account("alice@example.com");
    vec![
        ("alice@example.com", "wrong", "wrong_password"),
        ("disabled@example.com", PASSWORD, "disabled"),
        ("disabled@example.com", "wrong", "wrong_password"),
        ("passwordless@example.com", PASSWORD, "wrong_password"),
        ("anonymous@example.com", PASSWORD, "disabled"),
        ("damaged@example.com", PASSWORD, "damaged_record"),
        ("deleted@example.com", PASSWORD, "unknown_account"),
        ("nobody@example.com", PASSWORD, "unknown_account"),
    ]
}

/// All of an answer that its caller sees, but the number of the request.
fn visible(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != "x-request-id");
    headers.sort();
    (answer.status, headers, answer.body.clone())
}

both!(e1_d14_a_refusal_is_the_same_to_the_byte, |kw| {
    let cases = shut_accounts(kw);
    let before = kw.state();
    for face in [directus, oisp] {
        kw.advance(LONG);
        let expected = visible(&send(kw, face("unheard@of.example", "wrong")));
        assert_eq!(expected.0, 401);
        for (email, password, outcome) in &cases {
            kw.advance(LONG);
            let answer = send(kw, face(email, password));
            assert_eq!(visible(&answer), expected, "{email} {outcome}");
            assert!(answer.set_cookies().is_empty());
            if *outcome != "unknown_account" {
                let account = administer::find(&kw.kw, email).unwrap().id;
                assert_eq!(kw.attempts(account)[0], *outcome, "{email}");
            }
        }
    }
    assert_eq!(kw.state(), before, "no session, no last login");
    assert_eq!(kw.count("login_attempts"), 2 * (1 + 8), "each was noted");
});

// The Directus face must not tell it from a wrong password; seed O's has a code for it
// (row O-30), after the password was found right.
both!(e1_an_unproven_address_is_told_to_nobody_else, |kw| {
    let account = kw.account("alice@example.com");
    let strict = kw.replica_with(&[("KEYWARD_REQUIRE_VERIFIED_EMAIL", "on")]);
    let before = kw.state();
    let refused = visible(&send(&strict, directus("alice@example.com", PASSWORD)));
    assert_eq!(kw.attempts(account), ["not_verified"]);
    strict.advance(LONG);
    let wrong = visible(&send(&strict, directus("alice@example.com", "wrong")));
    assert_eq!(refused, wrong);
    strict.advance(LONG);
    let wrong = send(&strict, oisp("alice@example.com", "wrong"));
    assert_eq!(wrong.json()["code"], json!(401));
    assert_eq!(kw.state(), before);
});

// What is no address is told before anybody looks whether somebody has it.
both!(e13_what_can_be_no_address_is_not_looked_up, |kw| {
    kw.account("alice@example.com");
    let long = format!("alice@{}.com", "example.".repeat(40));
    for email in [
        "alice",
        "alice@example.com\u{0}",
        "alice@",
        &long,
        "alice@exa mple.com",
    ] {
        send(kw, directus(email, PASSWORD)).refused(400, "INVALID_PAYLOAD");
        // Seed O's face takes names of all kinds; what is none is one that nobody has.
        let answer = send(kw, oisp(email, "wrong"));
        assert_eq!(answer.status, 401, "{email:?}");
    }
    let noted = kw.count("login_attempts");
    assert_eq!(
        noted, 1,
        "of \"alice\" alone, which might be somebody's name"
    );
});

// People type passwords into the wrong field.
#[test]
fn y17_what_was_typed_is_nowhere_in_the_database_sqlite() {
    let kw = TestKeyward::new();
    kw.account("alice@example.com");
    let typed = ["TypedIntoTheWrongField", "TypedAsThePassword"];
    send(&kw, oisp(typed[0], typed[1]));
    send(
        &kw,
        directus(&format!("{}@example.com", typed[0]), typed[1]),
    );
    send(&kw, directus("alice@example.com", typed[1]));
    assert_eq!(kw.count("login_attempts"), 3);
    let keyward::store::Url::Sqlite(path) = kw.kw.store.url() else {
        unreachable!("on SQLite");
    };
    let mut bytes = std::fs::read(path).unwrap();
    let mut wal = path.clone().into_os_string();
    wal.push("-wal");
    bytes.extend(std::fs::read(wal).unwrap());
    let text = String::from_utf8_lossy(&bytes).to_lowercase();
    assert!(
        text.contains("alice@example.com"),
        "what is stored would be found"
    );
    for typed in typed {
        assert!(!text.contains(&typed.to_lowercase()), "{typed}");
    }
}

const ONE_SEAT: &[(&str, &str)] = &[
    ("KEYWARD_PASSWORD_THREADS", "1"),
    ("KEYWARD_PASSWORD_QUEUE", "1"),
];

// Semantics 5: 503 before the counters of the account are touched.
both!(s18_a_full_lane_counts_nothing, ONE_SEAT, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let account = kw.session_of(&access).account;
    for _ in 0..3 {
        kw.sign_in("alice@example.com", "wrong")
            .refused(401, "INVALID_CREDENTIALS");
    }
    let seats = [kw.kw.lane.seat().unwrap(), kw.kw.lane.seat().unwrap()];
    let before = (kw.state(), kw.attempts(account), kw.counters());
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "another good one" });
    let asks = [
        directus("alice@example.com", PASSWORD),
        directus("alice@example.com", "wrong"),
        directus("nobody@example.com", PASSWORD),
        oisp("alice@example.com", PASSWORD),
        ("/auth/password/change", change),
        ("/auth/mfa/totp", json!({ "password": PASSWORD })),
        ("/users/me/tfa/generate", json!({ "password": PASSWORD })),
        ("/users/me/tfa/disable", json!({ "otp": "000000" })),
        (
            "/auth/mfa/recovery-codes",
            json!({ "password": PASSWORD, "otp": "000000" }),
        ),
    ];
    for (path, body) in asks {
        let ask = kw.post(path).bearer(&access);
        let answer = ask.json(&body).send();
        assert_eq!(answer.status, 503, "{path} {answer:?}");
        assert_eq!(answer.header("retry-after"), Some("1"));
        for token in ["kwr1_", "eyJ"] {
            assert!(!answer.body.contains(token), "{answer:?}");
        }
    }
    let after = (kw.state(), kw.attempts(account), kw.counters());
    assert_eq!(after, before);
    // What does not hash goes on.
    assert_eq!(kw.me(&access), 200);
    assert_eq!(kw.refresh(&refresh).outcome(), "fresh");
    drop(seats);
    assert_eq!(
        send(kw, directus("alice@example.com", PASSWORD)).status,
        200
    );
});
