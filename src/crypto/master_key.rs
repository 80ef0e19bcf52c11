//! The one secret that an operator holds (`KEYWARD_SECRET`), and the keys derived
//! from it: HKDF-SHA-256 (RFC 5869), a label for each purpose, so that no key does
//! two jobs. Nothing here is stored in the database.

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;

/// The shortest secret that is taken, in bytes.
pub const SHORTEST: usize = 32;

/// The id of the keys derived from this secret. Tokens and records carry it, so that
/// a second secret can be taken up beside the first one.
pub const KEY_ID: u8 = 1;

pub struct MasterKey {
    prk: aws_lc_rs::hkdf::Prk,
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl MasterKey {
    /// `None` where the secret is too short or plainly not random (threat G1).
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        let mut seen = [false; 256];
        for byte in secret {
            seen[usize::from(*byte)] = true;
        }
        let kinds = seen.iter().filter(|seen| **seen).count();
        (secret.len() >= SHORTEST && kinds >= 10).then(|| Self {
            prk: Salt::new(HKDF_SHA256, b"keyward-v1").extract(secret),
        })
    }

    /// # Panics
    /// Never: 32 and 48 bytes are lengths that HKDF-SHA-256 gives.
    fn derive<const N: usize>(&self, label: &str) -> [u8; N] {
        let mut out = [0; N];
        self.prk
            .expand(&[label.as_bytes()], Length(N))
            .and_then(|okm| okm.fill(&mut out))
            .expect("HKDF gives up to 8160 bytes");
        out
    }

    #[must_use]
    pub fn hmac_sha256(&self, label: &str) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.derive::<32>(label))
    }

    #[must_use]
    pub fn hmac_sha384(&self, label: &str) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA384, &self.derive::<48>(label))
    }

    #[must_use]
    pub fn bytes(&self, label: &str) -> [u8; 32] {
        self.derive(label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g1_a_poor_secret_is_refused() {
        assert!(MasterKey::new(b"changeme").is_none());
        assert!(MasterKey::new(&[0; 64]).is_none());
        assert!(MasterKey::new(b"secretsecretsecretsecretsecretsecret").is_none());
        assert!(MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").is_some());
    }

    #[test]
    fn labels_give_different_keys() {
        let key = MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").unwrap();
        assert_ne!(key.bytes("a"), key.bytes("b"));
        assert_eq!(key.bytes("a"), key.bytes("a"));
    }
}
