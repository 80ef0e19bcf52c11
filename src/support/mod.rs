//! The ground floor: time, randomness and secrets, as values that are passed in.
//! It knows nothing of accounts, tokens or HTTP, and no other floor reads the
//! system clock or the system's randomness by itself.

pub mod clock;
pub mod entropy;
pub mod page;

pub mod private_files;
pub mod process;
pub mod secret;
pub mod steady_clock;
pub mod waiting;
pub mod waker;
