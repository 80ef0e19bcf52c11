//! Password records (semantics 5): `$kw1$p=1$2b$12$…` or `$kw1$p=1$argon2id$v=19$…`, that is
//! bcrypt or Argon2id of base64(HMAC-SHA-384(pepper, password)). 64 characters reach bcrypt,
//! so its 72-byte limit never cuts, no NUL ever repeats its key schedule (threat D6), and a
//! stolen record is of no use without the pepper, which is not in the database.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::crypto::master_key::{KEY_ID, MasterKey};
use crate::crypto::password::imported::{self, NoMemory};
use crate::crypto::password::scheme::{self, Scheme};
use crate::domain::password::{Password, PasswordRecord};
use crate::support::entropy::Entropy;
use crate::support::secret::ExposeSecret;

pub struct PasswordHasher {
    pepper: hmac::Key,
    scheme: Scheme,
    /// A valid record of the present scheme that no password fits: an unknown account
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
    /// The system gives no memory for the hash: nobody can say.
    NoMemory,
}

impl PasswordHasher {
    #[must_use]
    pub fn new(master: &MasterKey, scheme: Scheme, entropy: &Entropy) -> Self {
        let dummy = scheme.dummy(entropy.bytes(), entropy.bytes());
        Self {
            pepper: master.hmac_sha384("keyward-pepper"),
            scheme,
            dummy: named(&dummy),
        }
    }

    /// A new record. Takes the time of one hash: never call it on an event loop.
    ///
    /// # Errors
    /// [`NoMemory`].
    pub fn hash(&self, password: &Password, entropy: &Entropy) -> Result<PasswordRecord, NoMemory> {
        let text = password.normalized().expose_secret().as_bytes();
        let prehash = self.prehash(text);
        let record = self.scheme.record(prehash.as_bytes(), entropy.bytes())?;
        Ok(named(&record).into())
    }

    /// Verifies, always at the cost of one hash. `None` is an account without a
    /// password, or no account at all.
    #[must_use]
    pub fn verify(&self, password: &Password, record: Option<&PasswordRecord>) -> Verdict {
        let text = password.normalized().expose_secret().as_bytes();
        let Some(record) = record.map(PasswordRecord::expose) else {
            return self.or_after_a_hash(text, Verdict::Mismatch);
        };
        let fits = match parts(record) {
            None => imported::verify(text, record),
            Some((KEY_ID, _)) => self.matches(text, record),
            Some(_) => return Verdict::PepperMissing,
        };
        match fits {
            Ok(Some(true)) => Verdict::Match,
            Ok(Some(false)) => Verdict::Mismatch,
            Ok(None) => self.or_after_a_hash(text, Verdict::Damaged),
            Err(NoMemory) => Verdict::NoMemory,
        }
    }

    /// What is known without a hash is said after one. Without memory for it every account is
    /// answered the same.
    fn or_after_a_hash(&self, text: &[u8], verdict: Verdict) -> Verdict {
        match self.matches(text, self.dummy.as_str()) {
            Ok(_) => verdict,
            Err(NoMemory) => Verdict::NoMemory,
        }
    }

    /// How long one hash takes here.
    #[must_use]
    pub fn one_hash(&self) -> std::time::Duration {
        let began = std::time::Instant::now();
        let _ = self.matches(b"how long does it take", self.dummy.as_str());
        began.elapsed()
    }

    /// The same without the wait, about.
    #[must_use]
    pub fn one_hash_about(&self) -> std::time::Duration {
        self.scheme.about()
    }

    /// Whether the record should be made anew by the present scheme.
    #[must_use]
    pub fn is_outdated(&self, record: &PasswordRecord) -> bool {
        parts(record.expose()).and_then(|(_, record)| Scheme::of(record)) != Some(self.scheme)
    }

    fn matches(&self, text: &[u8], record: &str) -> Result<Option<bool>, NoMemory> {
        let Some((_, record)) = parts(record) else {
            return Ok(None);
        };
        scheme::verify(self.prehash(text).as_bytes(), record)
    }

    fn prehash(&self, text: &[u8]) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(hmac::sign(&self.pepper, text)))
    }
}

/// With the id of the present pepper.
fn named(record: &str) -> String {
    format!("$kw1$p={KEY_ID}{record}")
}

/// Pepper id and record.
fn parts(record: &str) -> Option<(u8, &str)> {
    let rest = record.strip_prefix("$kw1$p=")?;
    let (pepper, _) = rest.split_once('$')?;
    Some((pepper.parse().ok()?, &rest[pepper.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> (PasswordHasher, Entropy) {
        hasher_of(Scheme::Bcrypt { cost: 4 })
    }

    fn hasher_of(scheme: Scheme) -> (PasswordHasher, Entropy) {
        let master = MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").unwrap();
        let entropy = Entropy::seeded(1);
        (PasswordHasher::new(&master, scheme, &entropy), entropy)
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    fn stored(text: &str) -> PasswordRecord {
        text.to_owned().into()
    }

    #[test]
    fn p1_no_byte_of_a_long_password_is_left_out() {
        let (hasher, entropy) = hasher();
        let long = "x".repeat(200);
        let record = hasher.hash(&password(&long), &entropy).unwrap();
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
        let record = hasher.hash(&alice, &entropy).unwrap();
        let text = record.expose();
        assert!(text.starts_with("$kw1$p=1$2b$04$"), "{text}");
        assert_eq!(hasher.verify(&alice, None), Verdict::Mismatch);
        for damaged in [
            "",
            "$2b$04$abc",
            "$kw1$p=1$2b$31$",
            "$kw1$p=1$2x$04$",
            "$kw1$p=x$2b$04$",
        ] {
            assert_eq!(
                hasher.verify(&alice, Some(&stored(damaged))),
                Verdict::Damaged,
                "{damaged}"
            );
        }
        let foreign = text.replace("p=1", "p=9");
        assert_eq!(
            hasher.verify(&alice, Some(&stored(&foreign))),
            Verdict::PepperMissing
        );
        assert!(!hasher.is_outdated(&record));
        assert!(hasher.is_outdated(&stored(&text.replace("$04$", "$05$"))));
    }

    #[test]
    fn p8_each_scheme_verifies_the_records_of_the_other_and_outdates_them() {
        let bcrypt = hasher_of(Scheme::Bcrypt { cost: 4 });
        let argon2 = hasher_of(Scheme::Argon2id { passes: 2 });
        let alice = password("correct horse");
        for ((maker, entropy), (reader, _)) in [(&bcrypt, &argon2), (&argon2, &bcrypt)] {
            let record = maker.hash(&alice, entropy).unwrap();
            let text = record.expose();
            assert!(!maker.is_outdated(&record), "{text}");
            assert!(reader.is_outdated(&record), "{text}");
            assert_eq!(reader.verify(&alice, Some(&record)), Verdict::Match);
            let wrong = password("correct horsf");
            assert_eq!(reader.verify(&wrong, Some(&record)), Verdict::Mismatch);
            assert_eq!(reader.verify(&alice, None), Verdict::Mismatch);
            // A record that was stolen is of no use without the pepper.
            let bare = stored(&text.replace("$kw1$p=1", ""));
            assert_eq!(reader.verify(&alice, Some(&bare)), Verdict::Mismatch);
        }
    }

    #[test]
    fn p9_a_record_of_ours_may_not_ask_for_more_memory_than_another() {
        let (hasher, entropy) = hasher_of(Scheme::Argon2id { passes: 2 });
        let alice = password("correct horse");
        let record = hasher.hash(&alice, &entropy).unwrap();
        for (now, greedy) in [
            ("m=19456", "m=4194304"),
            ("t=2", "t=4000000000"),
            ("t=2", "t=x"),
        ] {
            let damaged = record.expose().replace(now, greedy);
            assert_eq!(
                hasher.verify(&alice, Some(&stored(&damaged))),
                Verdict::Damaged,
                "{damaged}"
            );
        }
    }
}
