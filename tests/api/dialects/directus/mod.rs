//! Directus (seed D): signing in and the caller's own account, as golden exchanges: the
//! exact text of what is sent and of what comes back.

mod refresh;
mod refusals;
mod tokens;

use std::collections::BTreeMap;

use keyward::config;
use keyward::first_start::first_administrator;
use serde_json::{Value, json};

use crate::support::{Answer, Forge, PASSWORD, TestKeyward, text};

/// The header of every token that the test's key signs.
pub const HEADER: &str =
    r#"{"typ":"JWT","alg":"RS256","kid":"LjCvm8lhmloTrbWYXSluINzCiz086bhguKFvX0X7kyQ"}"#;

/// The first account and the first session of every test have these ids.
pub const ACCOUNT: &str = "019b76da-a800-7ed2-b061-1e97da9cfe87";
pub const SESSION: &str = "6955b900-9df7-84a9-ac87-6360bf59257a";

/// The session's first refresh token.
pub const REFRESH_TOKEN: &str =
    "kwr1_AWlVuQCd94SprIdjYL9ZJXoAAAAAci-b_pqaLOfT9uLMCPiWggPYfVDu4dF5YI9_PupvfbfJz9V1wrAa7g";

/// Sends this text as JSON.
pub fn send(kw: &TestKeyward, path: &str, body: &str) -> Answer {
    kw.post(path).body("application/json", body).send()
}

/// The administrator of the settings, as the first start makes it.
fn bootstrap(kw: &TestKeyward, email: &str, password: &str) {
    let settings = [
        ("DATABASE_URL", "sqlite://not-opened.db"),
        ("KEYWARD_SECRET", "0123456789abcdefghijklmnopqrstuvwxyz"),
        ("KEYWARD_ADMIN_EMAIL", email),
        ("KEYWARD_ADMIN_PASSWORD", password),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = config::read(&BTreeMap::from(settings), false).ok().unwrap();
    let made = first_administrator(&kw.kw, &config, |_, _| true);
    assert!(made.unwrap().is_some());
}

both!(d01_d02_d21_d25_d26_the_seeds_example_of_signing_in, |kw| {
    bootstrap(kw, "admin@example.com", "Z1Tu5");
    let answer = send(
        kw,
        "/auth/login",
        r#"{
            "email": "admin@example.com",
            "password": "Z1Tu5"
        }"#,
    );
    let claims = format!(
        "{{\"iss\":\"http://localhost:8080\",\"aud\":\"keyward\",\"sub\":\"{ACCOUNT}\",\
         \"sid\":\"{SESSION}\",\"jti\":\"09f26ac6-9974-4ca2-b13c-82f6e86cecb2\",\
         \"iat\":1767225600,\"exp\":1767226500,\"gen\":0,\"epoch\":0,\"acv\":0,\
         \"cls\":\"standard\",\"roles\":[\"administrator\"],\"permissions\":[\"admin\"],\
         \"amr\":[\"pwd\"],\"aal\":1,\"auth_time\":1767225600,\"email\":\"admin@example.com\",\
         \"id\":\"{ACCOUNT}\",\"role\":\"administrator\",\"app_access\":true,\
         \"admin_access\":true}}"
    );
    let access = Forge::ours().sign_text(HEADER, &claims);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        answer.body,
        format!(
            "{{\"access_token\":\"{access}\",\"expires\":900000,\"expires_at\":1767226500000,\
             \"refresh_token\":\"{REFRESH_TOKEN}\"}}"
        )
    );
    // D-19: json is the default, and sets no cookie.
    assert!(answer.set_cookies().is_empty());
});

both!(d03_d22_d25_units_and_use_of_what_a_sign_in_gives, |kw| {
    kw.account("alice@example.com");
    let body = kw.login("alice@example.com");
    let claims = Forge::claims_of(&text(&body, "access_token"));
    let (issued, ends) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    assert_eq!(ends.unwrap() - issued.unwrap(), 900);
    // Milliseconds until it ends, and when that is.
    assert_eq!(body["expires"], json!(900_000));
    assert_eq!(body["expires_at"], json!(ends.unwrap() * 1000));
    assert_eq!(issued, Some(kw.kw.clock.now().seconds()));
    assert_eq!(kw.me(&text(&body, "access_token")), 200);
    let refreshed = kw.refresh(&text(&body, "refresh_token"));
    assert_eq!(refreshed.status, 200);
    assert_eq!(kw.me(&text(&refreshed.json(), "access_token")), 200);
});

both!(
    d18_d20_d24_mode_cookie_keeps_the_refresh_token_out_of_the_body,
    |kw| {
        kw.account("alice@example.com");
        let body =
            format!(r#"{{"email":"alice@example.com","password":"{PASSWORD}","mode":"cookie"}}"#);
        let answer = send(kw, "/auth/login", &body);
        let access = text(&answer.json(), "access_token");
        assert_eq!(
            answer.body,
            format!(
                "{{\"access_token\":\"{access}\",\"expires\":900000,\
                 \"expires_at\":1767226500000}}"
            )
        );
        assert_eq!(
            answer.refresh_cookies(),
            [format!(
                "__Host-keyward_refresh={REFRESH_TOKEN}; HttpOnly; SameSite=Strict; Secure; \
                 Path=/; Max-Age=43200"
            )]
        );
        assert_eq!(kw.me(&access), 200);
    }
);

both!(d18_mode_json_is_the_default_said_aloud, |kw| {
    kw.account("alice@example.com");
    let body = format!(r#"{{"email":"alice@example.com","password":"{PASSWORD}","mode":"json"}}"#);
    let answer = send(kw, "/auth/login", &body);
    assert_eq!(text(&answer.json(), "refresh_token"), REFRESH_TOKEN);
    assert!(answer.set_cookies().is_empty());
});

both!(d12_the_address_finds_its_account_in_any_letter_case, |kw| {
    let alice = kw.account("Alice@Example.com");
    let bob = kw.account("bob@example.com");
    for (email, account) in [
        ("Alice@Example.com", alice),
        ("ALICE@EXAMPLE.COM", alice),
        ("bob@example.com", bob),
        ("Bob@eXample.com", bob),
    ] {
        let access = text(&kw.login(email), "access_token");
        let claims = Forge::claims_of(&access);
        assert_eq!(text(&claims, "sub"), account.to_string(), "{email}");
        // As its owner wrote it, not as somebody typed it.
        let me = kw.get("/users/me").bearer(&access).send().json();
        assert_eq!(me["id"], claims["sub"]);
        assert_eq!(me["email"] == "Alice@Example.com", account == alice);
    }
});

both!(d10_d15_what_else_a_body_may_hold, |kw| {
    kw.account("alice@example.com");
    let with =
        |more: &str| format!(r#"{{"email":"alice@example.com","password":"{PASSWORD}"{more}}}"#);
    // D-15: an otp where none is needed. Decision 17: fields that nobody knows here.
    for more in [
        "",
        r#","otp":"123456""#,
        r#","remember":true,"foo":{"a":[1]}"#,
    ] {
        assert_eq!(send(kw, "/auth/login", &with(more)).status, 200, "{more}");
    }
    for content_type in ["application/json; charset=utf-8", "Application/JSON"] {
        let answer = kw.post("/auth/login").body(content_type, with("")).send();
        assert_eq!(answer.status, 200, "{content_type}");
    }
    // The original refuses a sign-in with a stale token beside it. Here the password
    // is what counts: the SDK sends its old token along when it signs in again.
    let ask = kw.post("/auth/login").body("application/json", with(""));
    assert_eq!(ask.bearer("garbage").send().status, 200);
});

both!(
    users_me_is_the_account_in_the_fields_of_the_original,
    |kw| {
        kw.add("alice@example.com", None, true);
        let access = text(&kw.login("alice@example.com"), "access_token");
        let get = |path: &str| kw.get(path).bearer(&access).send().body;
        assert_eq!(
            get("/users/me"),
            format!(
                "{{\"id\":\"{ACCOUNT}\",\"first_name\":null,\"last_name\":null,\
             \"email\":\"alice@example.com\",\"password\":\"**********\",\"location\":null,\
             \"title\":null,\"description\":null,\"tags\":null,\"avatar\":null,\
             \"language\":null,\"tfa_secret\":null,\"status\":\"active\",\
             \"role\":\"administrator\",\"token\":null,\
             \"last_access\":\"2026-01-01T00:00:00.000Z\",\"last_page\":null,\
             \"provider\":\"default\",\"external_identifier\":null,\"auth_data\":null,\
             \"email_notifications\":true,\"appearance\":null,\"text_direction\":\"auto\",\
             \"policies\":[]}}"
            )
        );
        let chosen = format!(r#"{{"id":"{ACCOUNT}","email":"alice@example.com"}}"#);
        for query in [
            "fields=id,email",
            "fields[]=id&fields[]=email",
            "fields%5B%5D=email&fields%5B0%5D=id",
            "fields=email,id,avatar.id,nonsense&fields=id",
        ] {
            let wanted = if query.contains("avatar") {
                chosen.replace('}', r#","avatar":null}"#)
            } else {
                chosen.clone()
            };
            assert_eq!(get(&format!("/users/me?{query}")), wanted, "{query}");
        }
        assert_eq!(get("/users/me?fields=*"), get("/users/me"));
    }
);

both!(
    attributes_that_are_too_large_are_told_of_by_the_names_of_the_original,
    |kw| {
        let (token, _) = kw.signed_in("alice@example.com");
        let change = |body: &Value| {
            kw.ask("PATCH", "/users/me")
                .bearer(&token)
                .json(body)
                .send()
        };
        let kept = change(&json!({ "description": "a".repeat(5000) }));
        assert_eq!(kept.status, 200, "{kept:?}");
        let refused = change(&json!({ "title": "a".repeat(5000) }));
        refused.refused(400, "INVALID_PAYLOAD");
        let told = "Invalid payload. \"location\", \"title\", \"description\" and \"tags\" must not be \
                    larger than 8 KiB together with the other attributes of the account.";
        assert_eq!(refused.json()["errors"][0]["message"], told);
        let me = kw.get("/users/me?fields=title").bearer(&token).send();
        assert_eq!(me.body, r#"{"title":null}"#);
    }
);

both!(
    clients_34_white_space_around_a_field_is_no_part_of_its_name,
    |kw| {
        let (token, _) = kw.signed_in("alice@example.com");
        for query in [
            "fields=id,%20email",
            "fields=+id%09,+email+",
            "fields[]=+id&fields[]=email%20",
            "fields=id,+,email+.name",
        ] {
            let ask = kw.get(&format!("/users/me?{query}")).bearer(&token);
            let told = ask.send().json();
            let names: Vec<_> = told.as_object().unwrap().keys().collect();
            assert_eq!(names, ["id", "email"], "{query}");
        }
    }
);

const ENVELOPE: &[(&str, &str)] = &[("KEYWARD_DIRECTUS_ENVELOPE", "true")];

both!(
    d24_decision_5_in_an_envelope_the_same_bodies_stand_in_data,
    ENVELOPE,
    |kw| {
        kw.account("alice@example.com");
        let inside = |answer: &Answer| {
            assert_eq!(answer.status, 200, "{answer:?}");
            let body = answer.json();
            assert_eq!(answer.body, json!({ "data": body["data"] }).to_string());
            let mut names: Vec<String> =
                body["data"].as_object().unwrap().keys().cloned().collect();
            names.sort_unstable();
            (body["data"].clone(), names.join(" "))
        };
        let login = |mode: &str| {
            let body = json!({ "email": "alice@example.com", "password": PASSWORD, "mode": mode });
            kw.post("/auth/login").json(&body).send()
        };
        let flat = "access_token expires expires_at";
        let (by_cookie, names) = inside(&login("cookie"));
        assert_eq!(names, flat);
        let (data, names) = inside(&login("json"));
        assert_eq!(names, format!("{flat} refresh_token"));
        let (_, names) = inside(&kw.refresh(&text(&data, "refresh_token")));
        assert_eq!(names, format!("{flat} refresh_token"));
        let access = text(&by_cookie, "access_token");
        let me = kw.get("/users/me?fields=email").bearer(&access).send();
        assert_eq!(me.body, r#"{"data":{"email":"alice@example.com"}}"#);

        // Refusals and the other faces stay as they are.
        let refused = send(kw, "/auth/login", "{}");
        assert_eq!(
            refused.body,
            r#"{"errors":[{"message":"Invalid payload. \"email\" is required.","extensions":{"code":"INVALID_PAYLOAD","reason":"\"email\" is required"}}]}"#
        );
        let me = kw.get("/auth/me").bearer(&access).send().json();
        assert_eq!(me["data"], Value::Null);
        let me = kw.get("/v1/api/auth/me").bearer(&access).send().json();
        assert_eq!(me["data"], Value::Null);
        let out = kw.post("/auth/logout").bearer(&access).send();
        assert_eq!((out.status, out.body.as_str()), (204, ""));
    }
);
