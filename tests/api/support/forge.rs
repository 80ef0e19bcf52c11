//! A forger: makes tokens with whatever header and claims, signed with the test's key
//! or another one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward::crypto::signing_key::SigningKey;
use keyward::domain::algorithm::Algorithm;
use keyward::support::entropy::Entropy;
use serde_json::{Value, json};

use super::SIGNING_KEY;

pub struct Forge {
    pub key: SigningKey,
    /// The private key as it is stored (PKCS#8; raw for HS256).
    pub bytes: Vec<u8>,
}

impl Forge {
    /// With the key that the Keyward under test signs with, unless its settings ask for
    /// another algorithm: then it is [`super::TestKeyward::forge`].
    pub fn ours() -> Self {
        Self::read(Algorithm::Rs256, SIGNING_KEY)
    }

    /// With a key that nobody knows.
    pub fn foreign(algorithm: Algorithm) -> Self {
        let bytes = SigningKey::generate(algorithm, &Entropy::system()).unwrap();
        Self::read(algorithm, &bytes)
    }

    pub fn read(algorithm: Algorithm, bytes: &[u8]) -> Self {
        Self {
            key: SigningKey::read(algorithm, bytes).unwrap(),
            bytes: bytes.to_vec(),
        }
    }

    /// The header that Keyward itself would write.
    pub fn header(&self) -> Value {
        json!({ "typ": "JWT", "alg": self.key.algorithm().as_str(), "kid": self.key.id() })
    }

    /// The same header with some members changed; `Value::Null` takes one away.
    pub fn header_with(&self, changes: &[(&str, Value)]) -> Value {
        changed(self.header(), changes)
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// For texts that no JSON library would write: repeated keys, odd numbers.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        Self::sign_by(header, claims, |message| self.key.sign(message))
    }

    /// Signed by whatever means.
    pub fn sign_by(header: &str, claims: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// The same claims with some changed; `Value::Null` takes one away.
    pub fn with(token: &str, changes: &[(&str, Value)]) -> Value {
        changed(Self::claims_of(token), changes)
    }

    pub fn claims_of(token: &str) -> Value {
        serde_json::from_slice(&Self::part(token, 1)).unwrap()
    }

    pub fn header_of(token: &str) -> Value {
        serde_json::from_slice(&Self::part(token, 0)).unwrap()
    }

    pub fn signature_of(token: &str) -> Vec<u8> {
        Self::part(token, 2)
    }

    fn part(token: &str, index: usize) -> Vec<u8> {
        let part = token.split('.').nth(index).unwrap();
        URL_SAFE_NO_PAD.decode(part).unwrap()
    }
}

fn changed(mut value: Value, changes: &[(&str, Value)]) -> Value {
    let object = value.as_object_mut().unwrap();
    for (name, value) in changes {
        if value.is_null() {
            object.remove(*name);
        } else {
            object.insert((*name).to_owned(), value.clone());
        }
    }
    value
}
