//! Headers: who is asked to vouch, and for what.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use keyward::domain::algorithm::Algorithm;
use serde_json::{Value, json};

use super::with_headers;
use crate::support::{Forge, TestKeyward};

pub fn unsigned(kw: &TestKeyward, access: &str) -> Vec<String> {
    let claims = Forge::claims_of(access).to_string();
    let genuine = Forge::signature_of(access);
    let mut forged = Vec::new();
    for alg in ["none", "None", "nOnE", "NONE", ""] {
        for header in [
            kw.forge().header_with(&[("alg", json!(alg))]),
            json!({ "alg": alg }),
            json!({ "typ": "JWT", "alg": alg }),
        ] {
            for signature in [&[][..], &[0], &genuine] {
                let sign = |_: &[u8]| signature.to_vec();
                forged.push(Forge::sign_by(&header.to_string(), &claims, sign));
            }
        }
    }
    let header = kw.forge().header().to_string();
    forged.push(Forge::sign_by(&header, &claims, |_| Vec::new()));
    let message = access.rsplit_once('.').unwrap().0;
    forged.push(message.to_owned());
    forged
}

/// A public key in the header is the attacker's word for whom to believe.
pub fn with_its_own_key(kw: &TestKeyward, access: &str) -> Vec<String> {
    let (ours, foreign) = (kw.forge(), Forge::foreign(Algorithm::Rs256));
    let claims = Forge::claims_of(access);
    let jwk = || ("jwk", foreign.key.jwk().unwrap().clone());
    vec![
        foreign.sign(&foreign.header_with(&[jwk()]), &claims),
        foreign.sign(&ours.header_with(&[jwk()]), &claims),
        foreign.sign(&json!({ "alg": "RS256", "jwk": jwk().1 }), &claims),
        ours.sign(&ours.header_with(&[jwk()]), &claims),
        // A short one, for which the header is not too long already.
        ours.sign(
            &ours.header_with(&[("jwk", json!({ "kty": "oct" }))]),
            &claims,
        ),
        // Not even with the key's own name on it.
        foreign.sign(&foreign.header(), &claims),
        foreign.sign(&ours.header(), &claims),
    ]
}

pub fn with_a_key_elsewhere(kw: &TestKeyward, access: &str) -> Vec<String> {
    naming_keys_at(kw, access, "http://127.0.0.1:9/jwks")
}

pub fn naming_keys_at(kw: &TestKeyward, access: &str, url: &str) -> Vec<String> {
    let (ours, foreign) = (kw.forge(), Forge::foreign(Algorithm::Rs256));
    let claims = Forge::claims_of(access);
    let mut forged = Vec::new();
    for place in [
        ("jku", json!(url)),
        ("x5u", json!(url)),
        ("x5c", json!([STANDARD_NO_PAD.encode(&foreign.bytes)])),
        ("x5t", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("kid", json!(url)),
    ] {
        forged.push(foreign.sign(&foreign.header_with(std::slice::from_ref(&place)), &claims));
        forged.push(ours.sign(&ours.header_with(&[place]), &claims));
    }
    forged
}

pub fn with_odd_kids(kw: &TestKeyward, access: &str) -> Vec<String> {
    let ours = kw.forge();
    let kid = ours.key.id().to_owned();
    let mut kids: Vec<Value> = [
        "",
        "../../../../dev/null",
        "/dev/null",
        "' OR 1=1--",
        "'; DROP TABLE signing_keys;--",
        "%00",
        "\u{0}",
        &format!("{kid}\u{0}"),
        &format!(" {kid}"),
        &kid.to_uppercase(),
        &kid[..42],
        &"k".repeat(600),
        &"k".repeat(10_000),
    ]
    .map(Value::from)
    .to_vec();
    kids.extend([json!([kid]), json!({ "kid": kid }), json!(1), json!(true)]);
    let each = kids
        .iter()
        .flat_map(|odd| with_headers(kw, access, &[&[("kid", odd.clone())]]));
    let mut forged: Vec<_> = each.collect();
    let claims = Forge::claims_of(access).to_string();
    // Absent, null, and hidden in an escape sequence that no issuer of ours writes.
    forged.extend(with_headers(kw, access, &[&[("kid", Value::Null)]]));
    for kid in [
        "null".to_owned(),
        format!("\"\\u{:04x}{}\"", kid.as_bytes()[0], &kid[1..]),
    ] {
        let header = format!(r#"{{"typ":"JWT","alg":"RS256","kid":{kid}}}"#);
        forged.push(ours.sign_text(&header, &claims));
    }
    forged
}

/// Who does not understand a critical header must refuse it (RFC 7515 section 4.1.11).
pub fn with_critical_headers(kw: &TestKeyward, access: &str) -> Vec<String> {
    let crit = |value| ("crit", value);
    with_headers(
        kw,
        access,
        &[
            &[crit(json!(["exp"]))],
            &[crit(json!(["b64"])), ("b64", json!(false))],
            &[("b64", json!(false))],
            &[crit(json!([]))],
            &[crit(json!("exp"))],
            &[crit(json!(["unknown"])), ("unknown", json!(1))],
            &[("zip", json!("DEF"))],
            &[("cty", json!("JWT"))],
        ],
    )
}

pub fn of_another_type(kw: &TestKeyward, access: &str) -> Vec<String> {
    let types = [
        "", "jwt", "JOSE", "at+jwt", "JWT ", "mfa", "mfa+jwt", "reset", "invite", "refresh",
    ];
    let each = types
        .iter()
        .flat_map(|typ| with_headers(kw, access, &[&[("typ", json!(typ))]]));
    let mut forged: Vec<_> = each.collect();
    forged.extend(with_headers(
        kw,
        access,
        &[&[("typ", Value::Null)], &[("typ", json!(["JWT"]))]],
    ));
    forged
}
