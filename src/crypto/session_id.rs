//! Session ids that prove themselves: a UUID version 8 (RFC 9562 section 5.8) of 60
//! random bits and 62 bits of a keyed tag over them. A token whose session Keyward
//! never began is refused without a read of the database (threats J24, R26).

use aws_lc_rs::hmac;
use uuid::{Builder, Uuid};

use crate::crypto::master_key::MasterKey;
use crate::domain::id::SessionId;
use crate::support::entropy::Entropy;
use crate::support::secret::same;

pub struct SessionIds {
    key: hmac::Key,
}

impl SessionIds {
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self {
            key: master.hmac_sha256("keyward-session-id"),
        }
    }

    #[must_use]
    pub fn mint(&self, entropy: &Entropy) -> SessionId {
        SessionId(self.with_tag(entropy.bytes()))
    }

    /// Whether this id was given by a Keyward with this secret.
    #[must_use]
    pub fn is_ours(&self, id: SessionId) -> bool {
        let mut random = [0; 8];
        random.copy_from_slice(&id.0.as_bytes()[..8]);
        same(self.with_tag(random).as_bytes(), id.0.as_bytes())
    }

    fn with_tag(&self, mut random: [u8; 8]) -> Uuid {
        // The version nibble stands inside the first half; set it before the tag is
        // taken, so that what is tagged is what is read back.
        random[6] = (random[6] & 0x0f) | 0x80;
        let tag = hmac::sign(&self.key, &random);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&random);
        bytes[8..].copy_from_slice(&tag.as_ref()[..8]);
        Builder::from_custom_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j24_only_ids_that_were_minted_are_ours() {
        let ids =
            SessionIds::new(&MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").unwrap());
        let entropy = Entropy::seeded(1);
        let id = ids.mint(&entropy);
        assert_eq!(id.0.get_version_num(), 8);
        assert!(ids.is_ours(id));
        assert!(!ids.is_ours(SessionId(entropy.random_id())));
        for bit in 0..128 {
            assert!(
                !ids.is_ours(SessionId(Uuid::from_u128(id.0.as_u128() ^ (1 << bit)))),
                "{bit}"
            );
        }
    }
}
