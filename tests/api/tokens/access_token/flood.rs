//! Tokens that nobody signed cost no more than a look into memory, however many come.

use std::time::{Duration, Instant};

use keyward::domain::algorithm::Algorithm;
use serde_json::json;

use crate::support::{Forge, TestKeyward, without_the_database};

fn unknown_keys(kw: &TestKeyward, access: &str, count: usize) -> Vec<String> {
    let foreign = Forge::foreign(Algorithm::EdDsa);
    let claims = Forge::claims_of(access);
    let token = |number| {
        let kid = format!("{number:043}");
        foreign.sign(&kw.forge().header_with(&[("kid", json!(kid))]), &claims)
    };
    (0..count).map(token).collect()
}

both!(j8_unknown_keys_are_looked_up_in_memory_alone, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    let before = kw.state();
    let tokens = unknown_keys(kw, &access, 10_000);
    without_the_database(&kw.kw, || {
        let began = Instant::now();
        for token in &tokens {
            let answer = kw.get("/auth/verify").bearer(token).send();
            assert_eq!(answer.status, 401, "{answer:?}");
        }
        // Ten milliseconds for each would be a hundred times too slow already; this
        // bound is for machines under load.
        assert!(
            began.elapsed() < Duration::from_secs(100),
            "{:?}",
            began.elapsed()
        );
        kw.get("/auth/verify")
            .bearer(&tokens[0])
            .send()
            .refused(401, "INVALID_TOKEN");
        // And the genuine token needs no database either.
        assert_eq!(kw.get("/auth/verify").bearer(&access).send().status, 200);
        // The control: what does ask the database finds that it is away.
        kw.get("/auth/me")
            .bearer(&access)
            .send()
            .refused(503, "SERVICE_UNAVAILABLE");
    });
    assert_eq!(kw.state(), before);
});
