//! Intel / OISP `IoT` Analytics (seed O): one token of 24 hours and what it says, as
//! golden exchanges.

mod accounts;
mod refusals;
mod users;

use keyward::service::keys;
use serde_json::{Value, json};

use crate::dialects::directus::{ACCOUNT, HEADER, SESSION, send};
use crate::support::{Answer, BEGIN, Forge, PASSWORD, text};

const TOKEN: &str = "/v1/api/auth/token";
const TOKEN_INFO: &str = "/v1/api/auth/tokenInfo";
const ME: &str = "/v1/api/auth/me";

const DENIED: &str = r#"{"code":401,"message":"Not Authorized"}"#;

/// The only member of the body, which is called `token`.
#[track_caller]
fn token_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = text(&answer.json(), "token");
    assert_eq!(answer.body, json!({ "token": token }).to_string());
    token
}

#[track_caller]
fn denied(answer: &Answer) {
    assert_eq!((answer.status, answer.body.as_str()), (401, DENIED));
    assert!(answer.header("www-authenticate").is_some(), "{answer:?}");
}

both!(o01_o02_o04_o06_the_seeds_example_of_signing_in, |kw| {
    kw.account("alice@example.com");
    let body = format!(
        r#"{{
            "username": "alice@example.com",
            "password": "{PASSWORD}"
        }}"#
    );
    let answer = send(kw, TOKEN, &body);
    let claims = format!(
        "{{\"iss\":\"http://localhost:8080\",\"aud\":\"keyward\",\"sub\":\"{ACCOUNT}\",\
         \"sid\":\"{SESSION}\",\"jti\":\"09f26ac6-9974-4ca2-b13c-82f6e86cecb2\",\
         \"iat\":1767225600,\"exp\":1767312000,\"gen\":0,\"epoch\":0,\"acv\":0,\
         \"cls\":\"oisp\",\"roles\":[],\"permissions\":[],\"amr\":[\"pwd\"],\"aal\":1,\
         \"auth_time\":1767225600}}"
    );
    let token = Forge::ours().sign_text(HEADER, &claims);
    assert!(token.starts_with("eyJ"));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body, format!(r#"{{"token":"{token}"}}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.set_cookies().is_empty());

    let info = kw.get(TOKEN_INFO).bearer(&token).send();
    assert_eq!(
        info.body,
        format!(
            "{{\"header\":{{\"typ\":\"JWT\",\"alg\":\"RS256\"}},\"payload\":{{\
             \"jti\":\"09f26ac6-9974-4ca2-b13c-82f6e86cecb2\",\
             \"iss\":\"http://localhost:8080\",\"sub\":\"{ACCOUNT}\",\
             \"exp\":\"2026-01-02T00:00:00.000Z\",\"accounts\":[]}}}}"
        )
    );
    let me = kw.get(ME).bearer(&token).send();
    assert_eq!(
        me.body,
        format!(
            "{{\"id\":\"{ACCOUNT}\",\"created\":1767225600000,\
             \"email\":\"alice@example.com\",\"termsAndConditions\":false,\
             \"updated\":1767225600000,\"verified\":false}}"
        )
    );
});

both!(o03_by_address_or_by_name, |kw| {
    let account = kw.add("alice@example.com", Some("Alice"), false);
    for username in ["alice@example.com", "ALICE@Example.com", "Alice", "alice"] {
        let claims = Forge::claims_of(&kw.oisp_login(username));
        assert_eq!(text(&claims, "sub"), account.to_string(), "{username}");
    }
});

both!(o05_the_same_call_also_refreshes_the_token, |kw| {
    kw.account("alice@example.com");
    let mut tokens = vec![kw.oisp_login("alice@example.com")];
    kw.advance(60);
    tokens.push(kw.oisp_login("alice@example.com"));
    kw.advance(60);
    // With the live token and no body, and as the original's own client asks.
    let last = |tokens: &[String]| tokens[tokens.len() - 1].clone();
    let renewed = kw.post(TOKEN).bearer(&last(&tokens)).send();
    tokens.push(token_of(&renewed));
    kw.advance(60);
    let renewed = kw.put(ME).bearer(&last(&tokens)).send();
    tokens.push(token_of(&renewed));
    let claims: Vec<Value> = tokens.iter().map(|token| Forge::claims_of(token)).collect();
    for pair in claims.windows(2) {
        assert_ne!(pair[0]["jti"], pair[1]["jti"]);
        assert_eq!(
            pair[0]["exp"].as_i64().map(|exp| exp + 60),
            pair[1]["exp"].as_i64()
        );
        assert_eq!(pair[0]["sub"], pair[1]["sub"]);
    }
    // Renewing goes on within the session; signing in begins another one.
    assert_ne!(claims[0]["sid"], claims[1]["sid"]);
    assert_eq!(claims[1]["sid"], claims[3]["sid"]);
    // None of them was spent by it.
    for token in &tokens {
        assert_eq!(kw.get(ME).bearer(token).send().status, 200);
    }
});

both!(o05_only_a_live_token_of_this_kind_is_renewed, |kw| {
    let (standard, _) = kw.signed_in("alice@example.com");
    let token = kw.oisp_login("alice@example.com");
    let before = kw.state();
    for ask in [kw.post(TOKEN), kw.put(ME)] {
        let answer = ask.bearer(&standard).send();
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (
                403,
                r#"{"code":403,"message":"This kind of token is renewed by its refresh token."}"#
            )
        );
    }
    for ask in [kw.post(TOKEN), kw.put(ME)] {
        denied(&ask.bearer("garbage").send());
    }
    denied(&kw.put(ME).send());
    assert_eq!(kw.state(), before);
    kw.advance(86_405);
    for ask in [kw.post(TOKEN), kw.put(ME)] {
        denied(&ask.bearer(&token).send());
    }
    assert_eq!(kw.state(), before);
});

both!(o06_o13_a_token_lives_for_a_day, |kw| {
    kw.account("alice@example.com");
    let token = kw.oisp_login("alice@example.com");
    let claims = Forge::claims_of(&token);
    assert_eq!(
        claims["exp"].as_i64(),
        claims["iat"].as_i64().map(|at| at + 86_400)
    );
    let status = || kw.get(TOKEN_INFO).bearer(&token).send().status;
    kw.advance(86_399);
    assert_eq!(status(), 200);
    // The leeway for clocks that differ is five seconds (threat J15).
    kw.advance(5);
    assert_eq!(status(), 200);
    kw.advance(1);
    denied(&kw.get(TOKEN_INFO).bearer(&token).send());
    denied(&kw.get(ME).bearer(&token).send());
});

both!(
    o13_to_o20_token_info_says_what_the_verified_token_says,
    &[("KEYWARD_ISSUER", "http://enableiot.com")],
    |kw| {
        kw.account("alice@example.com");
        let mut ids = Vec::new();
        for second in 1..=2 {
            kw.advance(1);
            let token = kw.oisp_login("alice@example.com");
            let (header, claims) = (Forge::header_of(&token), Forge::claims_of(&token));
            let info = kw.get(TOKEN_INFO).bearer(&token).send().json();
            let names: Vec<&String> = info.as_object().unwrap().keys().collect();
            assert_eq!(names, ["header", "payload"]);
            // O-14, and the token's own header says the same.
            assert_eq!(info["header"], json!({ "typ": "JWT", "alg": "RS256" }));
            assert_eq!(
                (&header["typ"], &header["alg"]),
                (&json!("JWT"), &json!("RS256"))
            );
            let payload = &info["payload"];
            for name in ["jti", "iss", "sub"] {
                assert_eq!(payload[name], claims[name], "{name}");
            }
            let id = text(payload, "jti");
            assert_eq!(uuid::Uuid::parse_str(&id).unwrap().to_string(), id);
            ids.push(id);
            assert_eq!(payload["iss"], "http://enableiot.com");
            let me = kw.get(ME).bearer(&token).send().json();
            assert_eq!(payload["sub"], me["id"]);
            // O-18, O-19: the same instant, as a text here and as a number there.
            assert_eq!(
                text(payload, "exp"),
                format!("2026-01-02T00:00:0{second}.000Z")
            );
            assert_eq!(claims["exp"], json!(BEGIN / 1000 + 86_400 + second));
        }
        assert_ne!(ids[0], ids[1]);
        denied(&kw.get(TOKEN_INFO).send());
    }
);

both!(
    o14_after_a_change_of_algorithm_a_token_names_its_own,
    |kw| {
        kw.account("alice@example.com");
        let replica = kw.replica_with(&[("KEYWARD_JWT_ALGORITHM", "ES256")]);
        keys::prepare(&replica.kw).unwrap();
        let alg = |token: &str| {
            let info = replica.get(TOKEN_INFO).bearer(token).send().json();
            let header = Forge::header_of(token);
            assert_eq!(info["header"]["alg"], header["alg"]);
            text(&header, "alg")
        };
        let old = replica.oisp_login("alice@example.com");
        assert_eq!(alg(&old), "RS256");
        replica.advance(keys::NOTICE.as_secs());
        assert_eq!(alg(&replica.oisp_login("alice@example.com")), "ES256");
        assert_eq!(alg(&old), "RS256");
    }
);

both!(o21_to_o27_me_is_the_account_and_no_secret, |kw| {
    let account = kw.add("alice@example.com", Some("alice"), false);
    let token = kw.oisp_login("alice@example.com");
    let me = || {
        let body = kw.get(ME).bearer(&token).send().json();
        let names: Vec<&str> = body
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            names,
            [
                "id",
                "created",
                "email",
                "termsAndConditions",
                "updated",
                "verified"
            ]
        );
        body
    };
    let first = me();
    assert_eq!(text(&first, "id"), account.to_string());
    // O-23: milliseconds.
    assert_eq!(
        (&first["created"], &first["updated"]),
        (&json!(BEGIN), &json!(BEGIN))
    );
    assert_eq!(text(&first, "email"), "alice@example.com");
    assert_eq!(first["termsAndConditions"], json!(false));
    assert_eq!(first["verified"], json!(false));
    kw.advance(90);
    let body = json!({ "lastName": "Liddell" });
    let changed = kw.ask("PATCH", "/auth/me").bearer(&token).json(&body);
    assert_eq!(changed.send().status, 200);
    let second = me();
    assert_eq!(second["created"], json!(BEGIN));
    assert_eq!(second["updated"], json!(BEGIN + 90_000));
    assert_eq!(second["id"], first["id"]);

    // O-21: also at /auth/me, with the same words and more.
    let own = kw.get("/auth/me").bearer(&token).send().json();
    for (name, value) in second.as_object().unwrap() {
        assert_eq!(&own[name], value, "{name}");
    }
    for text in [own.to_string(), second.to_string()] {
        for secret in ["password", "salt", "hash", "$2b$", "secret"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    denied(&kw.get(ME).send());
    kw.get("/auth/me")
        .send()
        .refused(401, "INVALID_CREDENTIALS");
});
