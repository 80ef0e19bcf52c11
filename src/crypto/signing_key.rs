//! One key that signs access tokens, parsed once and kept: `jsonwebtoken` would parse
//! an RSA key at every signature (639 against 240 microseconds). Verification and the
//! algorithm names are the library's; a key has exactly one algorithm.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::domain::algorithm::Algorithm;
use crate::support::entropy::Entropy;

pub struct SigningKey {
    id: String,
    algorithm: Algorithm,
    private: Private,
    verifier: DecodingKey,
    /// The public members of its JWK; `None` for a symmetric key.
    public: Option<Value>,
}

enum Private {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
    Ed(Box<Ed25519KeyPair>),
    Symmetric(Box<hmac::Key>),
}

/// A stored key that can not be used: damaged, or too weak (RFC 8725 section 3.5).
#[derive(Debug, thiserror::Error)]
#[error("the signing key is damaged or too weak for {0}")]
pub struct UnusableKey(&'static str);

impl SigningKey {
    /// A new key, in the form in which it is stored (PKCS#8; raw bytes for HS256).
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate(
        algorithm: Algorithm,
        entropy: &Entropy,
    ) -> Result<Zeroizing<Vec<u8>>, UnusableKey> {
        let unusable = |_| UnusableKey(algorithm.as_str());
        let bytes = match algorithm {
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(unusable)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(unusable)?;
                der.as_ref().to_vec()
            }
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .and_then(|pair| pair.to_pkcs8v1())
                .map_err(unusable)?
                .as_ref()
                .to_vec(),
            Algorithm::EdDsa => Ed25519KeyPair::generate()
                .and_then(|pair| pair.to_pkcs8())
                .map_err(unusable)?
                .as_ref()
                .to_vec(),
            Algorithm::Hs256 => entropy.bytes::<32>().to_vec(),
        };
        Ok(Zeroizing::new(bytes))
    }

    /// # Errors
    /// Where the bytes are no key of this algorithm, or too short a one (threat G2).
    pub fn read(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, UnusableKey> {
        let parts = match algorithm {
            Algorithm::Rs256 => Parts::rsa(bytes),
            Algorithm::Es256 => Parts::ec(bytes),
            Algorithm::EdDsa => Parts::ed(bytes),
            Algorithm::Hs256 => Parts::symmetric(bytes),
        };
        let Parts {
            private,
            verifier,
            members,
            is_public,
        } = parts.ok_or(UnusableKey(algorithm.as_str()))?;
        // RFC 7638: the hash of the required members in lexical order, without spaces. `Parts`
        // gives them so, and serde_json keeps the order (feature `preserve_order`).
        let id = encode(digest::digest(
            &digest::SHA256,
            members.to_string().as_bytes(),
        ));
        let public = is_public.then(|| {
            let mut jwk = members;
            jwk["kid"] = json!(id);
            jwk["alg"] = json!(algorithm.as_str());
            jwk["use"] = json!("sig");
            jwk
        });
        Ok(Self {
            id,
            algorithm,
            private,
            verifier,
            public,
        })
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its JWK (RFC 7517), where it has a public half.
    #[must_use]
    pub const fn jwk(&self) -> Option<&Value> {
        self.public.as_ref()
    }

    /// # Panics
    /// Never with a key that was read: signing fails only for a damaged one.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.private {
            Private::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .expect("a parsed RSA key signs");
                signature
            }
            Private::Ec(pair) => pair
                .sign(&random, message)
                .expect("a parsed EC key signs")
                .as_ref()
                .to_vec(),
            Private::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Private::Symmetric(key) => hmac::sign(key, message).as_ref().to_vec(),
        }
    }

    /// Whether `signature` (base64url) is this key's over `message`, by this key's
    /// own algorithm and no other.
    #[must_use]
    pub fn verifies(&self, signature: &str, message: &[u8]) -> bool {
        let algorithm = match self.algorithm {
            Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
        };
        jsonwebtoken::crypto::verify(signature, message, &self.verifier, algorithm).unwrap_or(false)
    }
}

/// What a key's bytes hold, each kind read by its own rules.
struct Parts {
    private: Private,
    verifier: DecodingKey,
    /// The members that RFC 7638 asks for, in lexical order.
    members: Value,
    /// A symmetric key is in no JWKS.
    is_public: bool,
}

impl Parts {
    fn rsa(bytes: &[u8]) -> Option<Self> {
        let pair = RsaKeyPair::from_pkcs8(bytes).ok()?;
        if pair.public_modulus_len() < 256 {
            return None;
        }
        let public = pair.public_key();
        let n = public.modulus().big_endian_without_leading_zero().to_vec();
        let e = public.exponent().big_endian_without_leading_zero().to_vec();
        Some(Self {
            verifier: DecodingKey::from_rsa_raw_components(&n, &e),
            members: json!({"e": encode(&e), "kty": "RSA", "n": encode(&n)}),
            private: Private::Rsa(Box::new(pair)),
            is_public: true,
        })
    }

    fn ec(bytes: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes).ok()?;
        let point = pair.public_key().as_ref().to_vec();
        Some(Self {
            verifier: DecodingKey::from_ec_der(&point),
            members: json!({
                "crv": "P-256", "kty": "EC",
                "x": encode(&point[1..33]), "y": encode(&point[33..]),
            }),
            private: Private::Ec(Box::new(pair)),
            is_public: true,
        })
    }

    fn ed(bytes: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(bytes).ok()?;
        let point = pair.public_key().as_ref().to_vec();
        Some(Self {
            verifier: DecodingKey::from_ed_der(&point),
            members: json!({"crv": "Ed25519", "kty": "OKP", "x": encode(&point)}),
            private: Private::Ed(Box::new(pair)),
            is_public: true,
        })
    }

    fn symmetric(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= 32).then(|| Self {
            private: Private::Symmetric(Box::new(hmac::Key::new(hmac::HMAC_SHA256, bytes))),
            verifier: DecodingKey::from_secret(bytes),
            members: json!({"k": encode(bytes), "kty": "oct"}),
            is_public: false,
        })
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_signs_and_verifies_and_names_itself() {
        let entropy = Entropy::system();
        for algorithm in [
            Algorithm::Rs256,
            Algorithm::Es256,
            Algorithm::EdDsa,
            Algorithm::Hs256,
        ] {
            let bytes = SigningKey::generate(algorithm, &entropy).unwrap();
            let key = SigningKey::read(algorithm, &bytes).unwrap();
            let signature = URL_SAFE_NO_PAD.encode(key.sign(b"message"));
            assert!(key.verifies(&signature, b"message"), "{algorithm:?}");
            assert!(!key.verifies(&signature, b"massage"), "{algorithm:?}");
            assert!(!key.verifies("", b"message"), "{algorithm:?}");
            assert_eq!(key.jwk().is_some(), algorithm != Algorithm::Hs256);
            assert_eq!(key.id().len(), 43);
        }
    }

    #[test]
    fn rfc7638_the_key_id_is_the_thumbprint_that_the_library_computes() {
        let bytes = SigningKey::generate(Algorithm::Es256, &Entropy::system()).unwrap();
        let key = SigningKey::read(Algorithm::Es256, &bytes).unwrap();
        let jwk: jsonwebtoken::jwk::Jwk =
            serde_json::from_value(key.jwk().unwrap().clone()).unwrap();
        assert_eq!(
            jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256)
                .unwrap(),
            key.id()
        );
    }

    #[test]
    fn g2_short_or_foreign_keys_are_refused() {
        assert!(SigningKey::read(Algorithm::Hs256, &[1; 31]).is_err());
        assert!(SigningKey::read(Algorithm::Rs256, &[1; 31]).is_err());
        let ed = SigningKey::generate(Algorithm::EdDsa, &Entropy::system()).unwrap();
        assert!(SigningKey::read(Algorithm::Es256, &ed).is_err());
    }
}
