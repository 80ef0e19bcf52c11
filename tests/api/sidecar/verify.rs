//! `/auth/verify`: a reverse proxy asks who is calling (semantics 8). Yes is 200 with
//! every identity header, no is 401; the method and the body of the question are the
//! caller's own and do not matter.

use keyward::domain::password::Password;
use keyward::service::accounts::administer;
use serde_json::{Value, json};

use crate::support::{Answer, Forge, PASSWORD, TestKeyward, text};

const IDENTITY: [&str; 7] = [
    "remote-user",
    "remote-email",
    "remote-groups",
    "remote-name",
    "x-keyward-session",
    "x-keyward-actor",
    "x-keyward-api-key",
];

/// The identity headers of a yes, each there exactly once.
#[track_caller]
fn identity(answer: &Answer) -> [&str; 7] {
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, ""),
        "{answer:?}"
    );
    IDENTITY.map(|name| {
        let same = answer.headers.iter().filter(|(known, _)| known == name);
        assert_eq!(same.count(), 1, "{name} in {answer:?}");
        answer.header(name).unwrap()
    })
}

/// A no, that says nothing of anybody.
#[track_caller]
fn nobody(answer: &Answer, code: &str) {
    answer.refused(401, code);
    for name in IDENTITY {
        assert_eq!(answer.header(name), None, "{answer:?}");
    }
}

fn verify(kw: &TestKeyward, token: &str) -> Answer {
    kw.get("/auth/verify").bearer(token).send()
}

/// A token that our key signed, with other names in it.
fn named(access: &str, changes: &[(&str, Value)]) -> String {
    let forge = Forge::ours();
    forge.sign(&forge.header(), &Forge::with(access, changes))
}

both!(f1_all_identity_headers_are_always_there, |kw| {
    let account = kw.add("alice@example.com", Some("alice"), true);
    let proven = "UPDATE accounts SET verified = TRUE";
    kw.execute(proven, proven);
    kw.define_role("editor", &["write"]);
    administer::grant_role(&kw.kw, account, "editor").unwrap();
    let access = text(&kw.login("alice@example.com"), "access_token");
    let session = text(&Forge::claims_of(&access), "sid");
    let email = "alice@example.com";
    let groups = "administrator,editor";
    let own = ["alice", email, groups, "", session.as_str(), "", ""];
    assert_eq!(identity(&verify(kw, &access)), own);
    // By the query as well (row D-07), and whatever the client says of itself.
    let by_query = format!("/auth/verify?access_token={access}");
    assert_eq!(identity(&kw.get(&by_query).send()), own);
    let ask = kw.get("/auth/verify").bearer(&access);
    let ask = ask
        .header("remote-user", "root")
        .header("remote-groups", "root");
    assert_eq!(identity(&ask.header("x-keyward-session", "x").send()), own);

    // Empty where there is nothing to say; the name falls back to the address, the id.
    let none = [
        ("preferred_username", Value::Null),
        ("roles", json!([])),
        ("name", json!("Alice A.")),
    ];
    let answer = verify(kw, &named(&access, &none));
    assert_eq!(
        identity(&answer),
        [email, email, "", "Alice A.", &session, "", ""]
    );
    let none = [("preferred_username", Value::Null), ("email", Value::Null)];
    let answer = verify(kw, &named(&access, &none));
    let id = account.to_string();
    assert_eq!(identity(&answer), [&id, "", groups, "", &session, "", ""]);
});

both!(f1_o6_permissions_and_organization_are_always_there, |kw| {
    let headers = |answer: &Answer| {
        let names = ["account", "organization", "permissions"];
        names.map(|name| {
            let name = format!("x-keyward-{name}");
            let same = answer.headers.iter().filter(|(known, _)| *known == name);
            assert_eq!(same.count(), 1, "{name} in {answer:?}");
            answer.header(&name).unwrap().to_owned()
        })
    };
    let id = kw.add_verified("alice@example.com").to_string();
    let access = kw.sign_in("alice@example.com", PASSWORD).tokens().0;
    let none = [id.clone(), String::new(), String::new()];
    assert_eq!(headers(&verify(kw, &access)), none);
    let made = kw.post("/auth/organizations").bearer(&access);
    let made = made.json(&json!({ "name": "Acme" })).send();
    let acme = text(&made.json(), "id");
    assert_eq!(headers(&verify(kw, &access)), none);
    let body =
        json!({ "email": "alice@example.com", "password": PASSWORD, "organizationId": acme });
    let access = kw.post("/auth/login").json(&body).send().tokens().0;
    let words = "member:invite,member:read,member:remove,member:update,organization:delete,\
                 organization:own,organization:read,organization:update,role:manage,role:read";
    assert_eq!(headers(&verify(kw, &access)), [id, acme, words.to_owned()]);
    // What an application made of a word is no second word, and no second header.
    let odd = json!(["a:b,admin", "c:d\r\nX-Admin: 1"]);
    let answer = verify(kw, &named(&access, &[("permissions", odd)]));
    assert_eq!(
        answer.header("x-keyward-permissions"),
        Some("a:b%2Cadmin,c:d%0D%0AX-Admin: 1")
    );
});

both!(f1_the_question_may_come_by_any_method_with_any_body, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    let before = kw.state();
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND",
    ] {
        let ask = || kw.ask(method, "/auth/verify");
        identity(&ask().bearer(&access).send());
        // F18: were the body read, its declared length alone would be refused.
        let body = ask().body("multipart/form-data", "{\"not\": json");
        let body = body.header("content-length", "1073741824");
        identity(&body.bearer(&access).send());
        nobody(&ask().send(), "INVALID_CREDENTIALS");
    }
    assert_eq!(kw.state(), before);
});

/// F16: a pre-flight is no yes. A proxy that passes the caller's method on would let the
/// request through, without a token and without identity headers.
#[test]
fn f16_a_preflight_through_the_proxy_is_refused() {
    let kw = TestKeyward::with(&[("KEYWARD_ALLOWED_ORIGINS", "https://app.example.com")]);
    for origin in ["https://app.example.com", "https://evil.io"] {
        let ask = kw.ask("OPTIONS", "/auth/verify").header("origin", origin);
        let answer = ask.header("access-control-request-method", "POST").send();
        nobody(&answer, "INVALID_CREDENTIALS");
    }
}

both!(f13_names_are_header_text_whatever_is_in_them, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    for (name, header) in [
        ("", ""),
        ("Alice A.", "Alice A."),
        ("a\r\nX-Admin: 1", "a%0D%0AX-Admin: 1"),
        ("a\nb\rc", "a%0Ab%0Dc"),
        ("\u{3b1}", "%CE%B1"),
        ("Zo\u{eb} \u{1f600}", "Zo%C3%AB %F0%9F%98%80"),
        ("\u{0}\t\u{1b}\u{7f}", "%00%09%1B%7F"),
        ("\u{85}\u{2028}", "%C2%85%E2%80%A8"),
        // The sign of what is encoded is itself encoded: no two names look the same.
        ("%0D%0A 100%", "%250D%250A 100%25"),
    ] {
        let claims = [
            ("name", json!(name)),
            ("preferred_username", json!(name)),
            ("email", json!(name)),
            ("roles", json!([name, "x"])),
        ];
        let answer = verify(kw, &named(&access, &claims));
        let [user, email, groups, full, ..] = identity(&answer);
        assert_eq!([user, email, full], [header; 3], "{name:?}");
        assert_eq!(groups, format!("{header},x"), "{name:?}");
        assert_eq!(answer.header("x-admin"), None);
    }
});

both!(f13_a_comma_in_a_role_makes_no_second_group, |kw| {
    let account = kw.account("alice@example.com");
    kw.define_role("guest,administrator", &[]);
    administer::grant_role(&kw.kw, account, "guest,administrator").unwrap();
    let access = text(&kw.login("alice@example.com"), "access_token");
    let answer = verify(kw, &access);
    assert_eq!(
        answer.header("remote-groups"),
        Some("guest%2Cadministrator")
    );
});

/// Semantics 8: of a 400, 414 or 431 a proxy makes an error of its own.
#[test]
fn f1_what_can_not_be_read_is_nobody_too() {
    let kw = TestKeyward::new();
    let (access, _) = kw.signed_in("alice@example.com");
    let before = kw.state();
    let ask = |query: &str| kw.get(&format!("/auth/verify{query}")).bearer(&access);
    let again = format!("?access_token={access}");
    nobody(&ask("").bearer(&access).send(), "INVALID_PAYLOAD");
    nobody(&ask(&again).send(), "INVALID_PAYLOAD");
    nobody(
        &ask("?access_token=a&access_token=b").send(),
        "INVALID_PAYLOAD",
    );
    nobody(&ask("?access_token[]=a").send(), "INVALID_PAYLOAD");
    for name in ["host", "content-type"] {
        let twice = ask("").header(name, "a").header(name, "a");
        nobody(&twice.send(), "INVALID_PAYLOAD");
    }
    let long = "x".repeat(8 * 1024);
    nobody(&ask(&format!("?{long}")).send(), "URI_TOO_LONG");
    let large = ask("").header("x-a", &long).header("x-b", &long);
    nobody(&large.header("x-c", &long).send(), "HEADERS_TOO_LARGE");
    nobody(
        &kw.get("http://evil.io/auth/verify").bearer(&access).send(),
        "INVALID_PAYLOAD",
    );
    assert_eq!(kw.state(), before);
}

both!(f4_f19_what_is_no_access_token_is_nobody, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let before = kw.state();
    let basic = "Basic YWxpY2VAZXhhbXBsZS5jb206Y29ycmVjdCBob3JzZSBiYXR0ZXJ5";
    for header in [basic, "Bearer", &access] {
        let ask = kw.get("/auth/verify").header("authorization", header);
        nobody(&ask.send(), "INVALID_CREDENTIALS");
    }
    for token in ["garbage", &refresh, &access[..access.len() - 4]] {
        nobody(&verify(kw, token), "INVALID_TOKEN");
    }
    assert_eq!(kw.state(), before);
    kw.advance(905);
    nobody(&verify(kw, &access), "TOKEN_EXPIRED");
});

both!(j23_j25_f17_a_revocation_holds_at_the_next_question, |kw| {
    let (here, there) = (kw, kw.replica());
    let both_say = |access: &str, code: &str| {
        nobody(&verify(here, access), code);
        there.catch_up();
        nobody(&verify(&there, access), code);
    };
    let known = |email: &str| {
        let (access, _) = here.signed_in(email);
        // Both have verified it already, and remember.
        identity(&verify(here, &access));
        identity(&verify(&there, &access));
        (here.session_of(&access).account, access)
    };
    let (_, access) = known("out@example.com");
    here.post("/auth/logout").bearer(&access).send();
    both_say(&access, "INVALID_TOKEN");

    let (account, access) = known("disabled@example.com");
    administer::set_enabled(&here.kw, account, false).unwrap();
    both_say(&access, "INVALID_TOKEN");
    administer::set_enabled(&here.kw, account, true).unwrap();
    both_say(&access, "INVALID_TOKEN");

    let (account, access) = known("everywhere@example.com");
    administer::revoke_sessions(&here.kw, account).unwrap();
    both_say(&access, "INVALID_TOKEN");

    let (account, access) = known("changed@example.com");
    let password = Password::parse("another password").ok().unwrap();
    administer::set_password(&here.kw, account, &password).unwrap();
    both_say(&access, "INVALID_TOKEN");

    // A role that was taken: a refresh gives a token that fits, so it reads as expired.
    here.define_role("editor", &["write"]);
    let account = here.account("lowered@example.com");
    administer::grant_role(&here.kw, account, "editor").unwrap();
    let body = here.login("lowered@example.com");
    let access = text(&body, "access_token");
    assert_eq!(
        verify(here, &access).header("remote-groups"),
        Some("editor")
    );
    administer::take_role(&here.kw, account, "editor").unwrap();
    both_say(&access, "TOKEN_EXPIRED");
    let fitting = here.refresh(&text(&body, "refresh_token")).json();
    let answer = verify(here, &text(&fitting, "access_token"));
    assert_eq!(identity(&answer)[2], "");
});

both!(s19_who_is_known_is_answered_without_the_database, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    kw.sql("ALTER TABLE sessions RENAME TO sessions_away");
    kw.sql("ALTER TABLE accounts RENAME TO accounts_away");
    identity(&verify(kw, &access));
    nobody(&verify(kw, "garbage"), "INVALID_TOKEN");
    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    let login = kw.post("/auth/login").json(&body).send();
    login.refused(503, "SERVICE_UNAVAILABLE");
});

// An application takes the address for who asks.
both!(
    an_address_that_nobody_proved_is_told_to_no_application,
    |kw| {
        let bob = kw.add("bob@example.com", None, false).to_string();
        let access = text(&kw.login("bob@example.com"), "access_token");
        let told = verify(kw, &access);
        assert_eq!(identity(&told)[..2], [bob.as_str(), ""]);
        assert_eq!(Forge::claims_of(&access)["email"], Value::Null);
        kw.add_verified("carol@example.com");
        let access = text(&kw.login("carol@example.com"), "access_token");
        let told = verify(kw, &access);
        let carol = "carol@example.com";
        assert_eq!(identity(&told)[..2], [carol, carol]);
    }
);
