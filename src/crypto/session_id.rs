//! Session ids that prove themselves: a UUID version 8 (RFC 9562 section 5.8) of the second
//! in which the session began, 46 random bits, and 44 bits of a keyed tag over both. A token
//! whose session Keyward never began is refused without a read of the database (threats J24,
//! R26). What began together lies together in the database, and is purged together.

use aws_lc_rs::hmac;
use uuid::{Builder, Uuid};

use crate::crypto::master_key::MasterKey;
use crate::domain::id::SessionId;
use crate::support::clock::Timestamp;
use crate::support::entropy::Entropy;
use crate::support::secret::same;

pub struct SessionIds {
    key: hmac::Key,
    old: hmac::Key,
}

impl SessionIds {
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self {
            key: master.hmac_sha256("keyward-session-id-by-time"),
            old: master.hmac_sha256("keyward-session-id"),
        }
    }

    #[must_use]
    pub fn mint(&self, now: Timestamp, entropy: &Entropy) -> SessionId {
        let mut bytes = [0; 16];
        let second = u32::try_from(now.millis() / 1000).unwrap_or(u32::MAX);
        bytes[..4].copy_from_slice(&second.to_be_bytes());
        bytes[4..].copy_from_slice(&entropy.bytes::<12>());
        SessionId(self.with_tag(bytes))
    }

    /// Whether this id was given by a Keyward with this secret.
    #[must_use]
    pub fn is_ours(&self, id: SessionId) -> bool {
        let bytes = *id.0.as_bytes();
        same(self.with_tag(bytes).as_bytes(), &bytes) || self.is_old(id)
    }

    /// The tag takes the place of the last 44 bits. What it is taken over has its version and
    /// variant already, so that what is tagged is what is read back.
    fn with_tag(&self, bytes: [u8; 16]) -> Uuid {
        let mut bytes = Builder::from_custom_bytes(bytes).into_uuid().into_bytes();
        bytes[10] &= 0xf0;
        bytes[11..].fill(0);
        let tag = hmac::sign(&self.key, &bytes);
        let tag = tag.as_ref();
        bytes[10] |= tag[0] & 0x0f;
        bytes[11..].copy_from_slice(&tag[1..6]);
        Uuid::from_bytes(bytes)
    }

    /// As ids were before they began with the time: 60 random bits, and 62 of the tag. Sessions
    /// outlive the program that began them.
    fn is_old(&self, id: SessionId) -> bool {
        let bytes = id.0.as_bytes();
        let tag = hmac::sign(&self.old, &bytes[..8]);
        let mut tagged = *bytes;
        tagged[8..].copy_from_slice(&tag.as_ref()[..8]);
        let tagged = Builder::from_custom_bytes(tagged).into_uuid();
        same(tagged.as_bytes(), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> SessionIds {
        SessionIds::new(&MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").unwrap())
    }

    const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_123);

    #[test]
    fn j24_only_ids_that_were_minted_are_ours() {
        let (ids, entropy) = (ids(), Entropy::seeded(1));
        let id = ids.mint(NOW, &entropy);
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

    /// This one was given with the same secret, before ids began with the time.
    #[test]
    fn j24_ids_that_were_given_before_are_ours() {
        let old = Uuid::parse_str("5eed0123-4567-89ab-bd69-e9a1d4156bf5").unwrap();
        assert!(ids().is_ours(SessionId(old)));
        for bit in 0..128 {
            let other = Uuid::from_u128(old.as_u128() ^ (1 << bit));
            assert!(!ids().is_ours(SessionId(other)), "{bit}");
        }
    }

    #[test]
    fn what_begins_later_has_the_greater_id() {
        let (ids, entropy) = (ids(), Entropy::seeded(1));
        let begun = (0..100_u64).map(|second| {
            let at = NOW + std::time::Duration::from_secs(second * 86_400);
            ids.mint(at, &entropy).to_string()
        });
        assert!(begun.is_sorted());
    }
}
