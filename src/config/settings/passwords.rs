//! Passwords, and the threads that hash them.

use std::str::FromStr;

use crate::config::settings::declare::section;
use crate::config::values::parse::{boolean, whole};
use crate::crypto::password::scheme::Scheme;

section! {
    /// What a password must be, and what hashing one may cost.
    Passwords, "Passwords" {
        /// How new password records are made: bcrypt or argon2id. Records of the other kind go on
        /// to work, and each is made anew at its owner's next sign-in.
        hash: Kind = KEYWARD_PASSWORD_HASH, "bcrypt", str::parse;
        /// Cost of new records of bcrypt, 10 to 15.
        bcrypt_cost: u32 = KEYWARD_BCRYPT_COST, "12", whole(10, 15);
        /// Passes of new records of Argon2id over their 19 MiB of memory, 2 to 16.
        argon2_passes: u32 = KEYWARD_ARGON2_PASSES, "2", whole(2, 16);
        /// How many passwords are hashed at once, 1 to 256. 0: one for each core.
        threads: usize = KEYWARD_PASSWORD_THREADS, "0", whole(0, 256);
        /// How many sign-ins wait for a free thread before others get 503, 1 to 4096. 0: two
        /// seconds' worth.
        queue: usize = KEYWARD_PASSWORD_QUEUE, "0", whole(0, 4096);
        /// The fewest characters of a password that its owner chooses, 8 to 128.
        min_length: usize = KEYWARD_PASSWORD_MIN_LENGTH, "8", whole(8, 128);
        /// Whether an account signs in only once its e-mail address was proven. Accounts added by
        /// the command line count as proven.
        require_verified_email: bool = KEYWARD_REQUIRE_VERIFIED_EMAIL, "off", boolean;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bcrypt,
    Argon2id,
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "bcrypt" => Ok(Self::Bcrypt),
            "argon2id" => Ok(Self::Argon2id),
            _ => Err(format!("bcrypt or argon2id, not {text:?}")),
        }
    }
}

impl Passwords {
    /// By what new records are made.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        match self.hash {
            Kind::Bcrypt => Scheme::Bcrypt {
                cost: self.bcrypt_cost,
            },
            Kind::Argon2id => Scheme::Argon2id {
                passes: self.argon2_passes,
            },
        }
    }

    /// How many passwords are hashed at once.
    #[must_use]
    pub fn at_once(&self) -> usize {
        if self.threads == 0 {
            std::thread::available_parallelism().map_or(1, usize::from)
        } else {
            self.threads
        }
    }

    /// What new records are made by, and what that takes of memory at the most: each thread
    /// hashes one, and the guard of the lane another.
    #[must_use]
    pub fn label(&self) -> String {
        let scheme = self.scheme();
        match scheme.mebibytes() {
            None => scheme.to_string(),
            Some(each) => {
                let most = (self.at_once() + 1) * each;
                format!("{scheme}, {most} MiB at the most")
            }
        }
    }
}
