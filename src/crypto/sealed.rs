//! Sealed boxes: AES-256-GCM with a random nonce, bound to a context (RFC 5116). For
//! secrets that must be stored, such as private signing keys.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use crate::crypto::master_key::MasterKey;

pub struct Sealer {
    key: RandomizedNonceKey,
}

impl Sealer {
    /// # Panics
    /// Never: the key has the length that AES-256-GCM takes.
    #[must_use]
    pub fn new(master: &MasterKey, label: &str) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &master.bytes(label));
        Self {
            key: key.expect("32 bytes are an AES-256 key"),
        }
    }

    /// `context` names the row that the box belongs to: opened elsewhere, it stays shut.
    ///
    /// # Panics
    /// Never for a plaintext below 64 GiB.
    #[must_use]
    pub fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        let mut body = plain.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut body)
            .expect("AES-GCM seals a short text");
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut body);
        sealed
    }

    /// `None` where the box was changed, belongs elsewhere, or the secret is another.
    #[must_use]
    pub fn open(&self, context: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .key
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut body)
            .ok()?
            .len();
        body.truncate(length);
        Some(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_opens_only_unchanged_in_its_place_and_with_its_key() {
        let master = MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").unwrap();
        let sealer = Sealer::new(&master, "a");
        let sealed = sealer.seal("row 1", b"secret");
        assert_eq!(sealer.open("row 1", &sealed).unwrap().as_slice(), b"secret");
        assert!(sealer.open("row 2", &sealed).is_none());
        assert!(Sealer::new(&master, "b").open("row 1", &sealed).is_none());
        let mut changed = sealed.clone();
        changed[14] ^= 1;
        assert!(sealer.open("row 1", &changed).is_none());
        assert!(sealer.open("row 1", &[]).is_none());
    }
}
