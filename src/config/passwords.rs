//! Passwords, and the threads that hash them.

use crate::config::parse::{boolean, whole};
use crate::config::section::section;

section! {
    /// What a password must be, and what hashing one may cost.
    Passwords, "Passwords" {
        /// Cost of new password records, 10 to 15.
        bcrypt_cost: u32 = KEYWARD_BCRYPT_COST, "12", whole(10, 15);
        /// How many passwords are hashed at once, 1 to 256. 0: one for each core.
        threads: usize = KEYWARD_PASSWORD_THREADS, "0", whole(0, 256);
        /// How many sign-ins wait for a free thread before others get 503, 1 to 4096. 0: two
        /// seconds' worth.
        queue: usize = KEYWARD_PASSWORD_QUEUE, "0", whole(0, 4096);
        /// The fewest characters of a password that its owner chooses, 8 to 128.
        min_length: usize = KEYWARD_PASSWORD_MIN_LENGTH, "8", whole(8, 128);
        /// Whether an account signs in only once its e-mail address was proven. Those of the
        /// command line count as proven.
        require_verified_email: bool = KEYWARD_REQUIRE_VERIFIED_EMAIL, "off", boolean;
    }
}
