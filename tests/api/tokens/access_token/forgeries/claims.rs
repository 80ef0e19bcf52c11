//! Claims: for whom, by whom, when, and of which session.

use serde_json::{Value, json};

use super::{one_claim, with_claims};
use crate::support::{Forge, TestKeyward};

pub fn of_another_issuer(kw: &TestKeyward, access: &str) -> Vec<String> {
    let ours = Forge::claims_of(access)["iss"].clone();
    let slash = format!("{}/", ours.as_str().unwrap());
    let values = [
        json!("http://evil.example"),
        json!(slash),
        json!(""),
        Value::Null,
        json!([ours]),
    ];
    one_claim(kw, access, "iss", &values)
}

pub fn for_another_audience(kw: &TestKeyward, access: &str) -> Vec<String> {
    let ours = Forge::claims_of(access)["aud"].clone();
    let values = [
        json!("another"),
        json!(""),
        Value::Null,
        json!([]),
        json!(["another"]),
        // Keyward never writes an array, so one with us in it is not Keyward's either.
        json!([ours, "another"]),
    ];
    one_claim(kw, access, "aud", &values)
}

/// An `exp` that a careless reader takes for none, or for never.
pub fn with_odd_ends(kw: &TestKeyward, access: &str) -> Vec<String> {
    let iat = Forge::claims_of(access)["iat"].as_i64().unwrap();
    let values = [
        json!("4102444800"),
        Value::Null,
        json!(-1),
        json!(0),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(true),
        json!([iat + 900]),
        json!(f64::from(i32::MAX) + 0.5),
        json!(4_102_444_800_i64),
        json!(iat),
        // The longest life that any of our tokens has is 24 hours.
        json!(iat + 86_401),
    ];
    let mut forged = one_claim(kw, access, "exp", &values);
    let text = Forge::with(access, &[("exp", Value::Null)]).to_string();
    let null = text.replacen('{', r#"{"exp":null,"#, 1);
    forged.push(
        kw.forge()
            .sign_text(&kw.forge().header().to_string(), &null),
    );
    forged
}

pub fn of_the_future(kw: &TestKeyward, access: &str) -> Vec<String> {
    let now = kw.kw.clock.now().seconds();
    let from = |iat: i64| [("iat", json!(iat)), ("exp", json!(iat + 900))];
    with_claims(
        kw,
        access,
        &[
            &from(now + 600),
            &from(now + 61),
            &[("nbf", json!(now + 600))],
            &[("nbf", json!(now + 61))],
            &[("nbf", json!("0"))],
            &[("iat", Value::Null)],
            &[("iat", json!(i64::MAX))],
            &[("iat", json!(i64::MIN))],
            &[("iat", json!(-1)), ("exp", json!(1))],
        ],
    )
}

pub fn of_no_session(kw: &TestKeyward, access: &str) -> Vec<String> {
    let claims = Forge::claims_of(access);
    let ours: uuid::Uuid = claims["sid"].as_str().unwrap().parse().unwrap();
    let values = [
        Value::Null,
        json!(""),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("2a2f9d0e-5b7c-4c8e-9a0b-1c2d3e4f5a6b"),
        // One bit beside a real one.
        json!(uuid::Uuid::from_u128(ours.as_u128() ^ 1)),
        claims["sub"].clone(),
        json!([ours]),
        json!(1),
    ];
    one_claim(kw, access, "sid", &values)
}
