//! Password records of other systems: plain bcrypt, and Argon2, scrypt and PBKDF2 in
//! PHC form. They verify by well-kept libraries, within bounds, and are replaced by a
//! record of our own at the first sign-in.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordVerifier as _};

/// What a foreign record may ask of this machine, at the most: a record is data, and
/// data must not hold a thread for minutes or take all memory (threat P9).
const MOST_BCRYPT_COST: u32 = 15;
const MOST_ARGON2_KIB: u32 = 256 * 1024;
const MOST_ARGON2_PASSES: u32 = 20;
const MOST_SCRYPT_LOG_N: u32 = 18;
const MOST_SCRYPT_BLOCKS: u64 = 256 * 1024 * 1024 / 128;
const MOST_PBKDF2_ROUNDS: u32 = 5_000_000;

/// The system gives no memory for a hash: nobody can say now whether a password fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

/// Whether `text` fits; `None` where the record can not be read or asks for too much.
///
/// # Errors
/// [`NoMemory`]: nobody knows whether it fits.
pub fn verify(text: &[u8], record: &str) -> Result<Option<bool>, NoMemory> {
    match verified(text, record) {
        Some(Ok(())) => Ok(Some(true)),
        Some(Err(Error::PasswordInvalid)) => Ok(Some(false)),
        Some(Err(Error::OutOfMemory)) => Err(NoMemory),
        Some(Err(_)) | None => Ok(None),
    }
}

fn verified(text: &[u8], record: &str) -> Option<Result<(), Error>> {
    if ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|tag| record.starts_with(tag))
    {
        let cost: u32 = record.get(4..6)?.parse().ok()?;
        let fits = (cost <= MOST_BCRYPT_COST).then(|| bcrypt::verify(text, record).ok())??;
        return Some(if fits {
            Ok(())
        } else {
            Err(Error::PasswordInvalid)
        });
    }
    let hash = PasswordHash::new(record).ok()?;
    let number = |name: &str| hash.params.get_decimal(name);
    Some(match hash.algorithm.as_str() {
        "argon2id" | "argon2i" | "argon2d" => {
            if number("m")? > MOST_ARGON2_KIB || number("t")? > MOST_ARGON2_PASSES {
                return None;
            }
            argon2::Argon2::default().verify_password(text, &hash)
        }
        "scrypt" => {
            // Its memory is 128 r 2^ln bytes, its time p times as much.
            if number("ln")? > MOST_SCRYPT_LOG_N
                || u64::from(number("r")?) << number("ln")? > MOST_SCRYPT_BLOCKS
                || number("p")? > 16
            {
                return None;
            }
            scrypt::Scrypt::default().verify_password(text, &hash)
        }
        "pbkdf2-sha256" | "pbkdf2-sha512" => {
            if number("i")? > MOST_PBKDF2_ROUNDS {
                return None;
            }
            let mut hash = hash.clone();
            if number("l").is_none() {
                // Many leave the length to be seen from the output.
                let length = u32::try_from(hash.hash?.len()).ok()?;
                hash.params.add_decimal("l", length).ok()?;
            }
            pbkdf2::Pbkdf2::default().verify_password(text, &hash)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by Python's bcrypt 5.0 and 4.0 (by passlib, the third), argon2-cffi and
    /// hashlib, for the password "correct horse battery".
    const RECORDS: &[&str] = &[
        "$2b$04$ylwm9uVrjvIV7PcMaAJMVO4iXxP1L50fyekFdgBm.49lOY3lVOaNC",
        "$2a$04$GbCOnWHj/Iy4nvko5oGLcuhPQGDEYqEM551uhaUuj2vq9cREKntAy",
        "$2y$04$pFL4t0Hf2gkI0cple0oaU.C6elC6SeYjOejL9V6PaR.viGTAIT68y",
        "$argon2id$v=19$m=4096,t=3,p=4$q6Vqj1+ui2AQ+MMar3YmxA$EvJjp+0ZBPZs2PDCEEhc9jksWbnY8UfnPkTtNJjJhlg",
        "$argon2i$v=19$m=1024,t=2,p=2$EH94NJpJS9kqyVUDURii3A$MmohHenE2da8jrMFKDzt3MYt4qgsllmONlYg9c/+BnU",
        "$argon2d$v=19$m=1024,t=2,p=2$Iepa5SjzYaq/UoPhFvtFnQ$7Hw5B9knyJllDO5AIpkJq6GYM0tFgIykZBkIkRzwwy8",
        "$scrypt$ln=10,r=8,p=1$M2LCfIb2bUuHSJfe9pkgmw$hFstk7IvWRZEIwT4HmqH/oygMqTVD7EgDJTkvde4cUE",
        "$pbkdf2-sha256$i=4096,l=32$V2itSjiFvp4tX/fLcYspBg$EZRuUL+WReGZmgdNBhyihN4m2vmk0tbvXs1o7rpdhRo",
        "$pbkdf2-sha512$i=4096$5yGCYQ0t7oX418H6bXRaKQ$F4u1wDiVDnYTSdpwf72PFnZpCjwNEnLcWD23FdYA9JuycYiLfp0HAP/lDmSKYR7UdfWcTX2EOVLewnkdQHE7BA",
    ];

    #[test]
    fn p8_records_of_other_systems_verify() {
        for record in RECORDS {
            assert_eq!(
                verify(b"correct horse battery", record),
                Ok(Some(true)),
                "{record}"
            );
            for wrong in [&b"wrong"[..], b"", b"correct horse batterx"] {
                assert_eq!(verify(wrong, record), Ok(Some(false)), "{record}");
            }
        }
    }

    #[test]
    fn p9_records_that_ask_for_too_much_are_refused() {
        for record in [
            "",
            "$",
            "$2b$31$abcdefghijklmnopqrstuuAVsd0oC0pKQ4gVvOk0kC0m0S2v0mGJS",
            "$2x$04$",
            "$2b$",
            "$argon2id$v=19$m=4194304,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=64,t=300,p=4$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=18,r=32,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=18,r=4294967295,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=30,r=8,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$md5$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(verify(b"x", record), Ok(None), "{record}");
        }
    }
}
