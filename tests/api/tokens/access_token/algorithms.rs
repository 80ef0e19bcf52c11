//! The algorithm is the key's, never the header's; each key has one. Under every
//! algorithm that can be set.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward::config;
use keyward::domain::algorithm::Algorithm;
use serde_json::json;

use super::{INVALID, refused_at_every_door};
use crate::support::{Forge, SECRET, TestKeyward};

pub(super) const ES256: &[(&str, &str)] = &[("KEYWARD_JWT_ALGORITHM", "ES256")];
pub(super) const EDDSA: &[(&str, &str)] = &[("KEYWARD_JWT_ALGORITHM", "EdDSA")];
const HS256: &[(&str, &str)] = &[("KEYWARD_JWT_ALGORITHM", "HS256")];

/// Asserts that the forger's own, right signature passes, so that what it forges is
/// refused for its one fault; then that each forgery is refused and changes nothing.
pub(super) fn refuses(kw: &TestKeyward, forge: impl FnOnce(&Forge, &str) -> Vec<String>) {
    let (access, _) = kw.signed_in("alice@example.com");
    let ours = kw.forge();
    let genuine = ours.sign(&ours.header(), &Forge::with(&access, &[("aal", json!(2))]));
    assert_eq!(kw.me(&genuine), 200);
    let before = kw.state();
    for token in forge(&ours, &access) {
        refused_at_every_door(kw, &token, INVALID);
    }
    assert_eq!(kw.state(), before);
    assert_eq!(kw.me(&access), 200);
}

fn hmac_by(algorithm: hmac::Algorithm, key: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(algorithm, key);
    move |message| hmac::sign(&key, message).as_ref().to_vec()
}

/// Everything by which the public key is known, for use as the secret of an HMAC.
fn public_forms(forge: &Forge) -> Vec<Vec<u8>> {
    let (raw, der) = match forge.key.algorithm() {
        Algorithm::Rs256 => public(&rsa::KeyPair::from_pkcs8(&forge.bytes).unwrap()),
        Algorithm::Es256 => public(
            &EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &forge.bytes).unwrap(),
        ),
        Algorithm::EdDsa => public(&Ed25519KeyPair::from_pkcs8(&forge.bytes).unwrap()),
        Algorithm::Hs256 => panic!("it has no public key"),
    };
    let lines: Vec<_> = STANDARD
        .encode(&der)
        .into_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    let label = "PUBLIC KEY-----";
    let pem = format!("-----BEGIN {label}\n{}\n-----END {label}", lines.join("\n"));
    let jwk = forge.key.jwk().unwrap();
    let mut forms = vec![
        raw,
        der,
        pem.clone().into_bytes(),
        format!("{pem}\n").into_bytes(),
        format!("{pem}\n").replace('\n', "\r\n").into_bytes(),
        jwk.to_string().into_bytes(),
        json!({ "keys": [jwk] }).to_string().into_bytes(),
        forge.key.id().as_bytes().to_vec(),
    ];
    for member in ["n", "e", "x", "y"] {
        forms.extend(jwk[member].as_str().map(|text| text.as_bytes().to_vec()));
    }
    forms
}

fn public<P: KeyPair>(pair: &P) -> (Vec<u8>, Vec<u8>)
where
    P::PublicKey: AsDer<PublicKeyX509Der<'static>>,
{
    let key = pair.public_key();
    (
        key.as_ref().to_vec(),
        key.as_der().unwrap().as_ref().to_vec(),
    )
}

fn signed_with_the_public_key(ours: &Forge, access: &str) -> Vec<String> {
    let claims = Forge::claims_of(access).to_string();
    let mut forged = Vec::new();
    for secret in public_forms(ours) {
        for header in [
            ours.header_with(&[("alg", json!("HS256"))]),
            json!({ "typ": "JWT", "alg": "HS256" }),
            // The name of the right algorithm over the signature of the wrong one.
            ours.header(),
        ] {
            let sign = hmac_by(hmac::HMAC_SHA256, &secret);
            forged.push(Forge::sign_by(&header.to_string(), &claims, sign));
        }
    }
    forged
}

both!(j2_rs256_the_public_key_is_no_secret, |kw| {
    refuses(kw, signed_with_the_public_key);
});

both!(j2_es256_the_public_key_is_no_secret, ES256, |kw| {
    refuses(kw, signed_with_the_public_key);
});

both!(j2_eddsa_the_public_key_is_no_secret, EDDSA, |kw| {
    refuses(kw, signed_with_the_public_key);
});

both!(j3_a_key_has_one_algorithm, HS256, |kw| {
    refuses(kw, |ours, access| {
        let claims = Forge::claims_of(access).to_string();
        let mut forged = Vec::new();
        for (alg, algorithm) in [
            ("HS256", hmac::HMAC_SHA384),
            ("HS256", hmac::HMAC_SHA512),
            ("HS384", hmac::HMAC_SHA384),
            ("HS512", hmac::HMAC_SHA512),
            ("HS384", hmac::HMAC_SHA256),
            ("hs256", hmac::HMAC_SHA256),
            ("RS256", hmac::HMAC_SHA256),
        ] {
            let header = ours.header_with(&[("alg", json!(alg))]).to_string();
            forged.push(Forge::sign_by(
                &header,
                &claims,
                hmac_by(algorithm, &ours.bytes),
            ));
        }
        // Half a signature is none.
        let sign = hmac_by(hmac::HMAC_SHA256, &ours.bytes);
        let half = |message: &[u8]| sign(message)[..16].to_vec();
        forged.push(Forge::sign_by(&ours.header().to_string(), &claims, half));
        forged
    });
});

/// Secrets that people take when they take the first one.
const POOR: &[&str] = &["", "secret", "changeme", "password", "your-256-bit-secret"];

both!(j4_a_secret_that_can_be_guessed_signs_nothing, HS256, |kw| {
    refuses(kw, |ours, access| {
        let claims = Forge::claims_of(access).to_string();
        let mut secrets: Vec<&[u8]> = POOR.iter().map(|text| text.as_bytes()).collect();
        // The operator's own secret is not the key of the tokens either.
        secrets.extend([SECRET.as_bytes(), &[0; 32], ours.key.id().as_bytes()]);
        let forge = |secret: &&[u8]| {
            let sign = hmac_by(hmac::HMAC_SHA256, secret);
            Forge::sign_by(&ours.header().to_string(), &claims, sign)
        };
        secrets.iter().map(forge).collect()
    });
});

#[test]
fn j4_keyward_does_not_start_with_such_a_secret() {
    let zeros = "0".repeat(64);
    let repeated = "changeme".repeat(8);
    let poor = POOR.iter().copied().filter(|text| !text.is_empty());
    for secret in poor.chain([zeros.as_str(), &repeated]) {
        let settings = [
            ("DATABASE_URL", "postgresql://localhost/nowhere"),
            ("KEYWARD_SECRET", secret),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let faults = config::read(&settings.into(), false).err().expect(secret);
        let names: Vec<_> = faults.iter().map(|fault| fault.setting.as_str()).collect();
        assert_eq!(names, ["KEYWARD_SECRET"]);
        assert!(!format!("{faults:?}").contains(secret));
    }
}

both!(
    j27_a_token_of_an_algorithm_without_a_key_is_refused,
    ES256,
    |kw| {
        refuses(kw, |ours, access| {
            let claims = Forge::claims_of(access);
            let mut forged = Vec::new();
            for algorithm in [Algorithm::Rs256, Algorithm::EdDsa, Algorithm::Hs256] {
                let foreign = Forge::foreign(algorithm);
                forged.push(foreign.sign(&foreign.header(), &claims));
                let named = ours.header_with(&[("alg", json!(algorithm.as_str()))]);
                forged.push(foreign.sign(&named, &claims));
                forged.push(ours.sign(&named, &claims));
            }
            for alg in ["RS384", "RS512", "PS256", "ES384", "ES256K", "XY"] {
                forged.push(ours.sign(&ours.header_with(&[("alg", json!(alg))]), &claims));
            }
            forged
        });
    }
);
