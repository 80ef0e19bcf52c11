//! Signing, verifying, and the refresh token's text.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use keyward::crypto::access_token;
use keyward::crypto::key_ring::{Held, KeyRing};
use keyward::crypto::master_key::MasterKey;
use keyward::crypto::refresh_token::RefreshTokens;
use keyward::crypto::signing_key::SigningKey;
use keyward::domain::algorithm::Algorithm;
use keyward::domain::claims::Claims;
use keyward::domain::id::SessionId;
use keyward::support::clock::Timestamp;
use keyward::support::entropy::Entropy;
use keyward::support::secret::ExposeSecret as _;
use serde_json::json;
use uuid::Uuid;

const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::Rs256,
    Algorithm::Es256,
    Algorithm::EdDsa,
    Algorithm::Hs256,
];
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn key(algorithm: Algorithm) -> SigningKey {
    let bytes = SigningKey::generate(algorithm, &Entropy::system()).expect("randomness");
    SigningKey::read(algorithm, &bytes).expect("a key just made")
}

fn claims() -> Claims {
    let claims = json!({
        "iss": "https://id.example.com", "aud": "keyward",
        "sub": Uuid::from_u128(1), "sid": Uuid::from_u128(2), "jti": Uuid::from_u128(3),
        "iat": NOW.seconds(), "exp": NOW.seconds() + 900, "gen": 7, "epoch": 0, "acv": 0,
        "cls": "standard", "roles": ["editor"], "permissions": ["read", "write"],
        "amr": ["pwd"], "aal": 1, "auth_time": NOW.seconds(), "email": "alice@example.com",
    });
    serde_json::from_value(claims).expect("claims as Keyward signs them")
}

pub fn signer(c: &mut Criterion) {
    let claims = claims();
    for algorithm in ALGORITHMS {
        let key = key(algorithm);
        c.bench_function(&format!("sign {}", algorithm.as_str()), |b| {
            b.iter(|| access_token::sign(&key, black_box(&claims)));
        });
    }
}

pub fn verifier(c: &mut Criterion) {
    let claims = claims();
    for algorithm in ALGORITHMS {
        let key = key(algorithm);
        let text = access_token::sign(&key, &claims);
        let held = Held {
            key,
            activates_at: Timestamp::from_seconds(0),
        };
        let ring = KeyRing::new(vec![held], Duration::from_secs(86_400));
        assert!(access_token::verify(&ring, &text, NOW).is_some());
        c.bench_function(&format!("verify {}, not cached", algorithm.as_str()), |b| {
            b.iter(|| access_token::verify(&ring, black_box(&text), NOW));
        });
    }
}

pub fn refresh_tokens(c: &mut Criterion) {
    let master = MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").expect("long enough");
    let tokens = RefreshTokens::new(&master);
    let (session, salt) = (SessionId(Uuid::from_u128(2)), [9; 32]);
    let text = tokens.issue(session, 7, &salt);
    let foreign = format!("kwr1_{}", "A".repeat(text.expose_secret().len() - 5));
    c.bench_function("refresh token, issue", |b| {
        b.iter(|| tokens.issue(black_box(session), 7, &salt));
    });
    c.bench_function("refresh token, read and compare", |b| {
        b.iter(|| {
            let read = tokens.read(black_box(text.expose_secret()));
            read.is_some_and(|read| tokens.belongs(&read, &salt))
        });
    });
    // R26: what a flood of made-up tokens costs each, before any database.
    c.bench_function("refresh token, refuse a made-up one", |b| {
        b.iter(|| tokens.read(black_box(&foreign)).is_none());
    });
}
