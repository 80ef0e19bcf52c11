//! A key's life: published before it signs, retired once the last token that it signed
//! has ended, and of one algorithm from beginning to end.

use keyward::domain::algorithm::Algorithm;
use keyward::service::keys::{self, Published};
use serde_json::{Value, json};

use super::{INVALID, refused_at_every_door};
use crate::support::{Forge, TestKeyward, text};

/// From its rotation until it signs: twice the time that a JWKS may be cached.
const NOTICE: u64 = 600;

/// How long a retired key verifies: the longest life of a token (24 h, seed O), the
/// longest time after it in which it can be exchanged (12 h), and a minute.
const LONGEST_USE: u64 = (24 + 12) * 3600 + 60;

fn kid(token: &str) -> String {
    text(&Forge::header_of(token), "kid")
}

fn published(kw: &TestKeyward) -> Vec<String> {
    let jwks = kw.get("/.well-known/jwks.json").send().json();
    let keys = jwks["keys"].as_array().unwrap();
    keys.iter().map(|key| text(key, "kid")).collect()
}

/// A token that whoever stole the first key makes now.
fn stolen(kw: &TestKeyward, access: &str) -> String {
    let now = kw.kw.clock.now().seconds();
    let claims = Forge::with(access, &[("iat", json!(now)), ("exp", json!(now + 900))]);
    kw.forge().sign(&kw.forge().header(), &claims)
}

both!(
    j21_a_retired_key_verifies_nothing_once_its_last_token_has_ended,
    |kw| {
        kw.add("alice@example.com", Some("alice"), false);
        let old = text(&kw.login("alice@example.com"), "access_token");
        let Published { id: new, from } = keys::rotate(&kw.kw).unwrap();
        assert_eq!(published(kw), [kid(&old), new.clone()], "before it signs");

        kw.advance(NOTICE - 1);
        let long = kw.oisp_login("alice");
        assert_eq!(kid(&long), kid(&old));
        kw.advance(1);
        assert_eq!(kw.kw.clock.now(), from);
        let young = text(&kw.login("alice@example.com"), "access_token");
        assert_eq!(kid(&young), new);

        // Nobody is signed out by it (S10).
        assert_eq!((kw.me(&old), kw.me(&long), kw.me(&young)), (200, 200, 200));
        kw.advance(24 * 3600 - 2);
        assert_eq!(kw.me(&long), 200, "the last token of the old key");

        kw.advance(LONGEST_USE - (24 * 3600 - 2));
        assert_eq!(published(kw), [new]);
        let before = kw.state();
        refused_at_every_door(kw, &stolen(kw, &old), INVALID);
        refused_at_every_door(&kw.replica(), &stolen(kw, &old), INVALID);
        for token in [&old, &long] {
            let answer = kw.get("/auth/token").bearer(token).send();
            answer.refused(401, "INVALID_TOKEN");
        }
        assert_eq!(kw.state(), before);
    }
);

// Whoever stole a key that has been replaced since has what was signed before, and can say
// of a token that it was; he can not make one that lives longer.
both!(j21_a_retired_key_signs_nothing_any_more, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    keys::rotate(&kw.kw).unwrap();
    // A replica that learns late may sign by it for a minute more.
    for (at, good) in [
        (NOTICE + 59, true),
        (NOTICE + 60, false),
        (NOTICE + 3600, false),
    ] {
        let kw = kw.replica();
        kw.advance(at);
        let token = stolen(&kw, &access);
        if good {
            assert_eq!(kw.me(&token), 200);
            // Remembered, it is still good once nothing new is.
            kw.advance(60);
            assert_eq!(kw.me(&token), 200);
        } else {
            let before = kw.state();
            refused_at_every_door(&kw, &token, INVALID);
            let answer = kw.get("/auth/token").bearer(&token).send();
            answer.refused(401, "INVALID_TOKEN");
            assert_eq!(kw.state(), before);
        }
    }
});

// A key that others know signs nothing any more, at once: not what they make, and not
// what we made. Sessions live on.
both!(j21_a_compromised_key_verifies_nothing_from_now_on, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let replica = kw.replica();
    assert_eq!((kw.me(&access), replica.me(&access)), (200, 200));
    let new = keys::replace_compromised(&kw.kw).unwrap();
    replica.catch_up();

    let before = kw.state();
    for each in [kw, &replica, &kw.replica()] {
        assert_eq!(published(each), std::slice::from_ref(&new));
        refused_at_every_door(each, &access, INVALID);
        refused_at_every_door(each, &stolen(kw, &access), INVALID);
        // The name of the new key over the signature of the old one.
        let header = kw.forge().header_with(&[("kid", json!(new))]);
        let renamed = kw.forge().sign(&header, &Forge::claims_of(&access));
        refused_at_every_door(each, &renamed, INVALID);
    }
    assert_eq!(kw.state(), before);

    let (young, _) = replica.refresh(&refresh).tokens();
    assert_eq!(kid(&young), new);
    assert_eq!((kw.me(&young), replica.me(&young)), (200, 200));
});

/// The same Keyward, started again with another algorithm set: its new key is `next`.
fn with_another_algorithm(kw: &TestKeyward) -> TestKeyward {
    let other = kw.replica_with(&[("KEYWARD_JWT_ALGORITHM", "ES256")]);
    keys::prepare(&other.kw).unwrap();
    other
}

both!(
    j22_a_key_keeps_its_algorithm_through_a_change_of_algorithms,
    |kw| {
        let (access, _) = kw.signed_in("alice@example.com");
        let other = with_another_algorithm(kw);
        let keys = keys::list(&other.kw);
        let algorithms: Vec<_> = keys.iter().map(|key| key.algorithm).collect();
        assert_eq!(algorithms, [Algorithm::Rs256, Algorithm::Es256]);
        let (old, new) = (kw.forge(), keys[1].id.clone());

        let before = kw.state();
        let claims = Forge::claims_of(&access);
        for ahead in [0, NOTICE] {
            other.advance(ahead);
            for change in [
                // The old algorithm with the new key's name, and the other way round.
                vec![("kid", json!(new))],
                vec![("kid", json!(new)), ("alg", json!("ES256"))],
                vec![("alg", json!("ES256"))],
                vec![("alg", Value::Null)],
            ] {
                let token = old.sign(&old.header_with(&change), &claims);
                refused_at_every_door(&other, &token, INVALID);
            }
            assert_eq!(other.me(&access), 200, "the old key is still good");
        }
        assert_eq!(kw.state(), before);

        let young = text(&other.login("alice@example.com"), "access_token");
        assert_eq!(Forge::header_of(&young)["alg"], "ES256");
        assert_eq!(kid(&young), new);
        assert_eq!(other.me(&young), 200);
    }
);

// tokenInfo tells of the token that was verified, not of how new ones are signed (J26).
both!(j26_token_info_tells_the_algorithm_of_this_token, |kw| {
    kw.add("alice@example.com", Some("alice"), false);
    let old = kw.oisp_login("alice");
    let other = with_another_algorithm(kw);
    other.advance(NOTICE);
    let young = other.oisp_login("alice");
    for (token, alg) in [(&old, "RS256"), (&young, "ES256")] {
        let info = other
            .get("/v1/api/auth/tokenInfo")
            .bearer(token)
            .send()
            .json();
        assert_eq!(info["header"], json!({ "typ": "JWT", "alg": alg }));
    }
});

// Without this, tokens that the one signs would be refused by the other.
both!(
    s10_a_running_process_learns_of_a_key_that_another_made,
    |kw| {
        kw.account("alice@example.com");
        let other = kw.replica();
        keys::rotate(&other.kw).unwrap();
        kw.catch_up();
        assert_eq!(published(kw), published(&other));

        for each in [kw, &other] {
            each.advance(NOTICE);
        }
        let other = with_another_algorithm(kw);
        kw.catch_up();
        assert_eq!(published(kw).len(), 3);
        assert_eq!(published(kw), published(&other));
        for each in [kw, &other] {
            each.advance(NOTICE);
        }
        let access = text(&other.login("alice@example.com"), "access_token");
        assert_eq!(Forge::header_of(&access)["alg"], "ES256");
        assert_eq!(kw.me(&access), 200);
    }
);
