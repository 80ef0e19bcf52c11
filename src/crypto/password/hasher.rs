//! Password records (semantics 5): `$kw1$p=1$2b$12$…`, that is
//! bcrypt(base64(HMAC-SHA-384(pepper, password))). 64 characters reach bcrypt, so its
//! 72-byte limit never cuts, no NUL ever repeats its key schedule (threat D6), and a
//! stolen record is of no use without the pepper, which is not in the database.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::crypto::master_key::{KEY_ID, MasterKey};
use crate::crypto::password::imported;
use crate::domain::password::Password;
use crate::support::entropy::Entropy;
use crate::support::secret::ExposeSecret;

/// The highest bcrypt cost that is verified. A record above it is refused: it would
/// hold a thread for minutes (threat P9).
const HIGHEST_COST: u32 = 15;

/// The lowest that bcrypt knows.
const LOWEST_COST: u32 = 4;

pub struct PasswordHasher {
    pepper: hmac::Key,
    cost: u32,
    /// A valid record of the present cost that no password fits: an unknown account
    /// costs as much time as a known one.
    dummy: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Match,
    Mismatch,
    /// The record can not be read: an alarm for the operator, a mismatch for the caller.
    Damaged,
    /// The record was made with a pepper that is not here: nobody can say (P12).
    PepperMissing,
}

impl PasswordHasher {
    #[must_use]
    pub fn new(master: &MasterKey, cost: u32, entropy: &Entropy) -> Self {
        let mut hasher = Self {
            pepper: master.hmac_sha384("keyward-pepper"),
            cost,
            dummy: String::new(),
        };
        // Made at the lowest cost, then said to be of the present one: it is the digest of
        // nothing, and no start has to wait for it.
        let record = hasher.record(&entropy.bytes::<32>(), LOWEST_COST, entropy);
        let present = format!("$2b${cost:02}$");
        hasher.dummy = record.replace(&format!("$2b${LOWEST_COST:02}$"), &present);
        hasher
    }

    /// A new record. Takes the time of one hash: never call it on an event loop.
    #[must_use]
    pub fn hash(&self, password: &Password, entropy: &Entropy) -> String {
        let text = password.normalized().expose_secret().as_bytes();
        self.record(text, self.cost, entropy)
    }

    /// Verifies, always at the cost of one hash. `None` is an account without a
    /// password, or no account at all.
    #[must_use]
    pub fn verify(&self, password: &Password, record: Option<&str>) -> Verdict {
        let text = password.normalized().expose_secret().as_bytes();
        let Some(record) = record else {
            let _ = self.matches(text, self.dummy.as_str());
            return Verdict::Mismatch;
        };
        let Some((pepper, _)) = parts(record) else {
            return match imported::verify(text, record) {
                Some(true) => Verdict::Match,
                Some(false) => Verdict::Mismatch,
                None => {
                    let _ = self.matches(text, self.dummy.as_str());
                    Verdict::Damaged
                }
            };
        };
        if pepper != KEY_ID {
            return Verdict::PepperMissing;
        }
        match self.matches(text, record) {
            Some(true) => Verdict::Match,
            Some(false) => Verdict::Mismatch,
            None => {
                let _ = self.matches(text, self.dummy.as_str());
                Verdict::Damaged
            }
        }
    }

    /// How long one hash takes here, at the present cost.
    #[must_use]
    pub fn one_hash(&self) -> std::time::Duration {
        let began = std::time::Instant::now();
        let _ = self.matches(b"how long does it take", self.dummy.as_str());
        began.elapsed()
    }

    /// The same without the wait, from a hash of the lowest cost: each one more doubles it.
    /// The quickest of several: whatever else ran meanwhile only adds to one of them, and the
    /// queue that is made by this must not differ from start to start (`attack_l17`).
    #[must_use]
    pub fn one_hash_about(&self) -> std::time::Duration {
        let once = || {
            let began = std::time::Instant::now();
            let _ = bcrypt::bcrypt(LOWEST_COST, [7; 16], &[7; 64]);
            began.elapsed()
        };
        let quickest = (0..9).map(|_| once()).min().unwrap_or_default();
        quickest * (1 << (self.cost - LOWEST_COST))
    }

    /// Whether the record should be made anew at the present cost.
    #[must_use]
    pub fn is_outdated(&self, record: &str) -> bool {
        parts(record).and_then(|(_, bcrypt)| cost(bcrypt)) != Some(self.cost)
    }

    fn record(&self, text: &[u8], cost: u32, entropy: &Entropy) -> String {
        let prehash = self.prehash(text);
        let hash = bcrypt::hash_with_salt(&*prehash, cost, entropy.bytes())
            .expect("the cost is checked by the settings and 64 bytes fit");
        format!(
            "$kw1$p={KEY_ID}{}",
            hash.format_for_version(bcrypt::Version::TwoB)
        )
    }

    fn matches(&self, text: &[u8], record: &str) -> Option<bool> {
        let (_, record) = parts(record)?;
        if cost(record)? > HIGHEST_COST {
            return None;
        }
        bcrypt::verify(&*self.prehash(text), record).ok()
    }

    fn prehash(&self, text: &[u8]) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(hmac::sign(&self.pepper, text)))
    }
}

/// Pepper id and bcrypt record.
fn parts(record: &str) -> Option<(u8, &str)> {
    let rest = record.strip_prefix("$kw1$p=")?;
    let (pepper, _) = rest.split_once('$')?;
    Some((pepper.parse().ok()?, &rest[pepper.len()..]))
}

fn cost(bcrypt: &str) -> Option<u32> {
    bcrypt.strip_prefix("$2b$")?.get(..2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> (PasswordHasher, Entropy) {
        let master = MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").unwrap();
        let entropy = Entropy::seeded(1);
        (PasswordHasher::new(&master, 4, &entropy), entropy)
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[test]
    fn p1_no_byte_of_a_long_password_is_left_out() {
        let (hasher, entropy) = hasher();
        let long = "x".repeat(200);
        let record = hasher.hash(&password(&long), &entropy);
        assert_eq!(
            hasher.verify(&password(&long), Some(&record)),
            Verdict::Match
        );
        for length in [71, 72, 73, 199] {
            assert_eq!(
                hasher.verify(&password(&long[..length]), Some(&record)),
                Verdict::Mismatch,
                "{length}"
            );
        }
    }

    #[test]
    fn p9_p12_damaged_or_foreign_records_never_match() {
        let (hasher, entropy) = hasher();
        let alice = password("correct horse");
        let record = hasher.hash(&alice, &entropy);
        assert!(record.starts_with("$kw1$p=1$2b$04$"), "{record}");
        assert_eq!(hasher.verify(&alice, None), Verdict::Mismatch);
        for damaged in [
            "",
            "$2b$04$abc",
            "$kw1$p=1$2b$31$",
            "$kw1$p=1$2x$04$",
            "$kw1$p=x$2b$04$",
        ] {
            assert_eq!(
                hasher.verify(&alice, Some(damaged)),
                Verdict::Damaged,
                "{damaged}"
            );
        }
        let foreign = record.replace("p=1", "p=9");
        assert_eq!(
            hasher.verify(&alice, Some(&foreign)),
            Verdict::PepperMissing
        );
        assert!(!hasher.is_outdated(&record));
        assert!(hasher.is_outdated(&record.replace("$04$", "$05$")));
    }
}
