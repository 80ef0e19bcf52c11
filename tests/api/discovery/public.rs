//! What Keyward says of itself and of the caller: the key set, health, the small
//! courtesies of Directus's SDK, and `/auth/me`.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use keyward::service::accounts::administer;
use keyward::service::keys;
use serde_json::{Value, json};

use crate::support::{Forge, TestKeyward, text};

/// Verifies a token as somebody else's service would: with what the key set says and
/// nothing more.
fn verified_elsewhere(token: &str, set: &JwkSet) -> Option<Value> {
    let header = decode_header(token).ok()?;
    let jwk = set.find(&header.kid?)?;
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&["keyward"]);
    validation.set_issuer(&["http://localhost:8080"]);
    // The library reads the machine's clock, and the test's stands still.
    validation.validate_exp = false;
    let key = DecodingKey::from_jwk(jwk).ok()?;
    decode::<Value>(token, &key, &validation)
        .ok()
        .map(|token| token.claims)
}

fn key_set(kw: &TestKeyward) -> JwkSet {
    let answer = kw.get("/.well-known/jwks.json").send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    serde_json::from_str(&answer.body).unwrap()
}

both!(h01_a_token_verifies_with_the_published_keys_alone, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    let set = key_set(kw);
    let claims = verified_elsewhere(&access, &set).unwrap();
    assert_eq!(claims, Forge::claims_of(&access));
    let other = kw.oisp_login("alice@example.com");
    assert!(verified_elsewhere(&other, &set).is_some());

    let (head, rest) = other.split_at(other.len() - 10);
    let tampered = format!(
        "{head}{}{}",
        if rest.starts_with('A') { 'B' } else { 'A' },
        &rest[1..]
    );
    assert_eq!(verified_elsewhere(&tampered, &set), None);
});

/// Semantics 7: a new key is published before it signs, and whatever signs is there.
#[test]
fn h01_keys_of_every_public_algorithm_are_published_before_they_sign() {
    let kw = TestKeyward::new();
    kw.account("alice@example.com");
    for (algorithm, members) in [
        (
            "ES256",
            ["alg", "crv", "kid", "kty", "use", "x", "y"].as_slice(),
        ),
        ("EdDSA", &["alg", "crv", "kid", "kty", "use", "x"]),
    ] {
        // Of two that sign from one instant, which is the younger is left to their names.
        kw.advance(1);
        let changed = kw.replica_with(&[("KEYWARD_JWT_ALGORITHM", algorithm)]);
        keys::prepare(&changed.kw).unwrap();
        let set = key_set(&changed);
        let before = changed.oisp_login("alice@example.com");
        assert!(verified_elsewhere(&before, &set).is_some());
        changed.advance(keys::NOTICE.as_secs());
        let after = changed.oisp_login("alice@example.com");
        assert_eq!(Forge::header_of(&after)["alg"], json!(algorithm));
        // By the set as it was read before the key signed anything.
        assert!(verified_elsewhere(&after, &set).is_some(), "{algorithm}");
        // No private member: a closed list.
        let set = changed.get("/.well-known/jwks.json").send().json();
        let keys = set["keys"].as_array().unwrap();
        let new = keys.iter().find(|key| key["alg"] == json!(algorithm));
        let mut names: Vec<&str> = new
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        assert_eq!(names, members, "{algorithm}");
    }
}

#[test]
fn a_symmetric_key_is_never_published() {
    let kw = TestKeyward::new();
    kw.account("alice@example.com");
    let changed = kw.replica_with(&[("KEYWARD_JWT_ALGORITHM", "HS256")]);
    keys::prepare(&changed.kw).unwrap();
    changed.advance(keys::NOTICE.as_secs());
    let token = changed.oisp_login("alice@example.com");
    assert_eq!(Forge::header_of(&token)["alg"], json!("HS256"));
    let set = changed.get("/.well-known/jwks.json").send();
    let old = Forge::ours().key.jwk().unwrap().clone();
    assert_eq!(set.json(), json!({ "keys": [old] }));
    let mut names: Vec<&String> = old.as_object().unwrap().keys().collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
}

both!(health_tells_life_and_readiness_apart, |kw| {
    let get = |path: &str| {
        let answer = kw.get(path).send();
        (answer.status, answer.body)
    };
    let ok = (200, r#"{"status":"ok"}"#.to_owned());
    assert_eq!(get("/health/live"), ok);
    assert_eq!(get("/health/ready"), ok);
    kw.sql("ALTER TABLE accounts RENAME TO away");
    assert_eq!(get("/health/ready"), ok, "an answer is good for a second");
    kw.advance(1);
    let answer = kw.get("/health/ready").send();
    answer.refused(503, "SERVICE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), Some("1"));
    // H13: nothing of the database's own words.
    assert!(!answer.body.contains("accounts"), "{answer:?}");
    assert_eq!(get("/health/live"), ok);
    kw.sql("ALTER TABLE away RENAME TO accounts");
    kw.advance(1);
    assert_eq!(get("/health/ready"), ok);
});

// Whoever asks how often: the database is asked once a second, and no act waits for it.
both!(attack_l2_readiness_takes_no_place_of_an_act, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let places: Vec<_> = std::iter::from_fn(|| kw.kw.store_lane.enter()).collect();
    assert!(!places.is_empty());
    kw.refresh(&refresh).refused(503, "SERVICE_UNAVAILABLE");
    let asks = |count| (0..count).map(|_| kw.get("/health/ready")).collect();
    for answer in kw.all(asks(64)) {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    drop(places);
    // The answer is there already: what the database says now is not asked for.
    kw.sql("ALTER TABLE accounts RENAME TO away");
    for answer in kw.all(asks(64)) {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    kw.advance(1);
    for answer in kw.all(asks(64)) {
        answer.refused(503, "SERVICE_UNAVAILABLE");
    }
    kw.sql("ALTER TABLE away RENAME TO accounts");
    kw.advance(1);
    assert_eq!(kw.get("/health/ready").send().status, 200);
    assert_eq!(kw.get("/auth/verify").bearer(&access).send().status, 200);
});

/// The SDK's contract: `pong` as text, and no sign-in providers.
#[test]
fn d40_the_courtesies_that_the_sdk_asks_for() {
    let kw = TestKeyward::new();
    let ping = kw.get("/server/ping").send();
    assert_eq!((ping.status, ping.body.as_str()), (200, "pong"));
    assert_eq!(
        ping.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let providers = kw.get("/auth").send();
    assert_eq!(providers.status, 200);
    assert_eq!(providers.body, r#"{"data":[],"disableDefault":false}"#);
    let health = kw.get("/v1/api/health").send();
    assert_eq!(
        health.body,
        r#"{"kind":"healthcheck","isHealthy":true,"name":"keyward","items":[]}"#
    );
    let openapi = kw.get("/openapi.yaml").send();
    assert_eq!(
        openapi.header("content-type"),
        Some("application/yaml; charset=utf-8")
    );
    assert_eq!(openapi.body, include_str!("../../../openapi.yaml"));
}

both!(
    decision_11_h02_auth_me_is_the_account_and_what_its_token_may,
    |kw| {
        let account = kw.add("alice@example.com", Some("alice"), true);
        kw.define_role("editor", &["write", "read"]);
        administer::grant_role(&kw.kw, account, "editor").unwrap();
        let access = text(&kw.login("alice@example.com"), "access_token");
        let me = kw.get("/auth/me").bearer(&access).send();
        let expected = format!(
            "{{\"id\":\"{account}\",\"created\":1767225600000,\"email\":\"alice@example.com\",\
         \"termsAndConditions\":false,\"updated\":1767225600000,\"verified\":false,\
         \"username\":\"alice\",\"firstName\":null,\"middleName\":null,\"lastName\":null,\
         \"gender\":null,\"company\":null,\"dateOfBirth\":null,\"address\":null,\
         \"language\":null,\"parentId\":null,\"groups\":[],\"attributes\":{{}},\"phone\":null,\
         \"emails\":[{{\"value\":\"alice@example.com\",\"verified\":false,\"primary\":true}}],\
         \"phones\":[],\"termsVersion\":null,\"role\":\"administrator\",\
         \"roles\":[\"administrator\",\"editor\"],\
         \"permissions\":[\"admin\",\"read\",\"write\"],\"organizationId\":null,\
         \"isAnonymous\":false,\"mfaEnabled\":false,\"mfaRequiredFrom\":null}}"
        );
        assert_eq!((me.status, me.body), (200, expected));
    }
);
