//! How new records are made of a keyed prehash: by bcrypt, or by Argon2id where an operator
//! chose it (decision 0082).

use std::hint::black_box;
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD_NO_PAD};
use blowfish::Blowfish;

use crate::crypto::password::imported::{self, NoMemory};

/// The letters of a record of bcrypt.
const BCRYPT_NO_PAD: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD);

/// So many bytes of its digest bcrypt keeps.
const BCRYPT_KEEPS: usize = 23;

/// What one hash of Argon2id takes of memory: OWASP's least for two passes and one lane.
const ARGON2_KIB: u32 = 19 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Bcrypt { cost: u32 },
    Argon2id { passes: u32 },
}

impl Scheme {
    /// The one that a record was made by; `None` where it is none of ours, or of Argon2id with
    /// other memory or lanes than now.
    #[must_use]
    pub fn of(record: &str) -> Option<Self> {
        if let Some(rest) = record.strip_prefix("$2b$") {
            let cost = rest.get(..2)?.parse().ok()?;
            return Some(Self::Bcrypt { cost });
        }
        let hash = PasswordHash::new(record).ok()?;
        let passes = hash.params.get_decimal("t")?;
        let ours = hash.algorithm.as_str() == "argon2id"
            && hash.version == Some(Version::V0x13.into())
            && hash.params.get_decimal("m") == Some(ARGON2_KIB)
            && hash.params.get_decimal("p") == Some(1);
        ours.then_some(Self::Argon2id { passes })
    }

    /// A record of these bytes.
    ///
    /// # Errors
    /// [`NoMemory`], for Argon2id.
    pub(super) fn record(self, prehash: &[u8], salt: [u8; 16]) -> Result<String, NoMemory> {
        Ok(match self {
            Self::Bcrypt { cost } => by_bcrypt(cost, prehash, salt),
            Self::Argon2id { passes } => {
                let hash = by_argon2id((ARGON2_KIB, passes), prehash, salt)?;
                phc(passes, salt, hash)
            }
        })
    }

    /// A valid record that nothing fits, made without a hash: what stands for the digest is
    /// random.
    pub(super) fn dummy(self, salt: [u8; 16], nothing: [u8; 32]) -> String {
        match self {
            Self::Bcrypt { cost } => {
                let salt = BCRYPT_NO_PAD.encode(salt);
                let digest = BCRYPT_NO_PAD.encode(&nothing[..BCRYPT_KEEPS]);
                format!("$2b${cost:02}${salt}{digest}")
            }
            Self::Argon2id { passes } => phc(passes, salt, nothing),
        }
    }

    /// How long one hash takes here, about, without the wait for one: by one round of bcrypt, of
    /// which a hash has two to the power of its cost, or by one pass of Argon2id. The quickest of
    /// several: whatever else ran meanwhile only adds to one of them, and the queue that is made by
    /// this must not differ from start to start (`attack_l17`).
    pub(super) fn about(self) -> Duration {
        let quickest = |times: usize, once: &dyn Fn()| {
            let took = (0..times).map(|_| {
                let began = Instant::now();
                once();
                began.elapsed()
            });
            took.min().unwrap_or_default()
        };
        match self {
            Self::Bcrypt { cost } => {
                let once = || {
                    let mut state: Blowfish = Blowfish::bc_init_state();
                    state.bc_expand_key(&[7; 64]);
                    state.bc_expand_key(&[7; 16]);
                    black_box(state);
                };
                quickest(12, &once) * (1 << cost)
            }
            Self::Argon2id { passes } => {
                let once = || drop(Self::Argon2id { passes: 1 }.record(&[7; 64], [7; 16]));
                quickest(3, &once) * passes
            }
        }
    }

    /// What one hash takes of memory, in MiB; `None` where it is not worth a word.
    #[must_use]
    pub const fn mebibytes(self) -> Option<usize> {
        match self {
            Self::Bcrypt { .. } => None,
            Self::Argon2id { .. } => Some(ARGON2_KIB as usize / 1024),
        }
    }
}

impl std::fmt::Display for Scheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bcrypt { cost } => write!(f, "bcrypt, cost {cost}"),
            Self::Argon2id { passes } => write!(f, "Argon2id, 19 MiB, {passes} passes"),
        }
    }
}

/// Whether these bytes fit a record of either scheme, whatever it costs within bounds; `None`
/// where it can not be read.
///
/// # Errors
/// [`NoMemory`].
pub(super) fn verify(prehash: &[u8], record: &str) -> Result<Option<bool>, NoMemory> {
    let ours = ["$2b$", "$argon2id$"]
        .iter()
        .any(|tag| record.starts_with(tag));
    if ours {
        imported::verify(prehash, record)
    } else {
        Ok(None)
    }
}

fn by_bcrypt(cost: u32, prehash: &[u8], salt: [u8; 16]) -> String {
    bcrypt::hash_with_salt(prehash, cost, salt)
        .expect("the cost is checked by the settings and 64 bytes fit")
        .format_for_version(bcrypt::Version::TwoB)
}

fn by_argon2id(
    (kib, passes): (u32, u32),
    prehash: &[u8],
    salt: [u8; 16],
) -> Result<[u8; 32], NoMemory> {
    let params = Params::new(kib, passes, 1, Some(32)).expect("the settings check them");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = [0; 32];
    match argon2.hash_password_into(prehash, &salt, &mut hash) {
        Ok(()) => Ok(hash),
        Err(argon2::Error::OutOfMemory) => Err(NoMemory),
        Err(error) => unreachable!("the inputs of a hash fit: {error}"),
    }
}

/// The text of a record, as every library of Argon2 writes it.
fn phc(passes: u32, salt: [u8; 16], hash: [u8; 32]) -> String {
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    format!("$argon2id$v=19$m={ARGON2_KIB},t={passes},p=1${salt}${hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p8_a_record_of_argon2id_is_read_by_what_reads_those_of_others() {
        for passes in [2, 3] {
            let scheme = Scheme::Argon2id { passes };
            let record = scheme.record(b"a prehash", [9; 16]).unwrap();
            assert_eq!(Scheme::of(&record), Some(scheme), "{record}");
            assert_eq!(verify(b"a prehash", &record), Ok(Some(true)));
            assert_eq!(verify(b"another", &record), Ok(Some(false)));
            let dummy = scheme.dummy([9; 16], [8; 32]);
            assert_eq!(Scheme::of(&dummy), Some(scheme), "{dummy}");
            assert_eq!(verify(b"a prehash", &dummy), Ok(Some(false)));
        }
    }

    #[test]
    fn the_record_of_nobody_is_read_and_fits_nothing() {
        let scheme = Scheme::Bcrypt { cost: 4 };
        let dummy = scheme.dummy([9; 16], [255; 32]);
        let record = scheme.record(b"a prehash", [9; 16]).unwrap();
        assert_eq!(dummy.len(), record.len());
        assert_eq!(dummy[..29], record[..29], "{dummy}");
        assert_eq!(verify(b"a prehash", &dummy), Ok(Some(false)));
        assert_eq!(Scheme::of(&dummy), Some(scheme));
    }

    /// As much as no machine has.
    #[test]
    fn memory_that_there_is_not_is_no_panic() {
        let most = (u32::MAX, 1);
        assert_eq!(by_argon2id(most, b"a prehash", [9; 16]), Err(NoMemory));
    }

    #[test]
    fn p8_what_was_made_with_other_memory_is_outdated() {
        let record = Scheme::Argon2id { passes: 2 }.record(b"a prehash", [9; 16]);
        let record = record.unwrap();
        for other in ["m=9216,", "m=47104,", "m=19456,t=2,p=2", "v=16"] {
            let key = &other[..2];
            let now = record.split(['$', ',']).find(|part| part.starts_with(key));
            let changed = record.replacen(now.unwrap(), other.trim_end_matches(','), 1);
            assert_ne!(Scheme::of(&changed), Scheme::of(&record), "{changed}");
        }
        assert_eq!(Scheme::of("$2b$12$x"), Some(Scheme::Bcrypt { cost: 12 }));
        for none in ["", "$2a$12$x", "$2b$", "$scrypt$ln=10,r=8,p=1$c29tZXNhbHQ"] {
            assert_eq!(Scheme::of(none), None, "{none}");
        }
    }
}
