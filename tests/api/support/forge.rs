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
}

impl Forge {
    /// With the key that the Keyward under test signs with.
    pub fn ours() -> Self {
        Self {
            key: SigningKey::read(Algorithm::Rs256, SIGNING_KEY).unwrap(),
        }
    }

    /// With a key that nobody knows.
    pub fn foreign(algorithm: Algorithm) -> Self {
        let bytes = SigningKey::generate(algorithm, &Entropy::system()).unwrap();
        Self {
            key: SigningKey::read(algorithm, &bytes).unwrap(),
        }
    }

    /// The header that Keyward itself would write.
    pub fn header(&self) -> Value {
        json!({ "typ": "JWT", "alg": self.key.algorithm().as_str(), "kid": self.key.id() })
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// For texts that no JSON library would write: repeated keys, odd numbers.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// The same claims with some changed; `Value::Null` takes one away.
    pub fn with(token: &str, changes: &[(&str, Value)]) -> Value {
        let mut claims = Self::claims_of(token);
        let object = claims.as_object_mut().unwrap();
        for (name, value) in changes {
            if value.is_null() {
                object.remove(*name);
            } else {
                object.insert((*name).to_owned(), value.clone());
            }
        }
        claims
    }

    pub fn claims_of(token: &str) -> Value {
        Self::part(token, 1)
    }

    pub fn header_of(token: &str) -> Value {
        Self::part(token, 0)
    }

    fn part(token: &str, index: usize) -> Value {
        let part = token.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }
}
