//! Password records of other systems: plain bcrypt, and Argon2, scrypt and PBKDF2 in
//! PHC form. They verify by well-kept libraries, within bounds, and are replaced by a
//! record of our own at the first sign-in.

use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;

/// What a foreign record may ask of this machine, at the most: a record is data, and
/// data must not hold a thread for minutes or take all memory (threat P9).
const MOST_BCRYPT_COST: u32 = 15;
const MOST_ARGON2_KIB: u32 = 256 * 1024;
const MOST_ARGON2_PASSES: u32 = 20;
const MOST_SCRYPT_LOG_N: u32 = 18;
const MOST_PBKDF2_ROUNDS: u32 = 5_000_000;

/// Whether `text` fits; `None` where the record can not be read or asks for too much.
#[must_use]
pub fn verify(text: &[u8], record: &str) -> Option<bool> {
    if ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|tag| record.starts_with(tag))
    {
        let cost: u32 = record.get(4..6)?.parse().ok()?;
        return (cost <= MOST_BCRYPT_COST).then(|| bcrypt::verify(text, record).ok())?;
    }
    let hash = PasswordHash::new(record).ok()?;
    let number = |name: &str| hash.params.get_decimal(name);
    let verified = match hash.algorithm.as_str() {
        "argon2id" | "argon2i" | "argon2d" => {
            if number("m")? > MOST_ARGON2_KIB || number("t")? > MOST_ARGON2_PASSES {
                return None;
            }
            argon2::Argon2::default().verify_password(text, &hash)
        }
        "scrypt" => {
            if number("ln")? > MOST_SCRYPT_LOG_N || number("r")? > 32 || number("p")? > 16 {
                return None;
            }
            scrypt::Scrypt::default().verify_password(text, &hash)
        }
        "pbkdf2-sha256" | "pbkdf2-sha512" => {
            if number("i")? > MOST_PBKDF2_ROUNDS {
                return None;
            }
            pbkdf2::Pbkdf2::default().verify_password(text, &hash)
        }
        _ => return None,
    };
    match verified {
        Ok(()) => Some(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Some(false),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with other tools, for the password "correct horse".
    const RECORDS: &[&str] = &["$2b$04$abcdefghijklmnopqrstuumCZE6YLTZhKbUS7lV/ThDMiGexyC6D2"];

    #[test]
    fn p8_records_of_other_systems_verify() {
        for record in RECORDS {
            assert_eq!(verify(b"wrong", record), Some(false), "{record}");
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
            "$scrypt$ln=30,r=8,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$md5$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(verify(b"x", record), None, "{record}");
        }
    }
}
