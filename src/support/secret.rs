//! Secrets in types that do not print and are wiped when dropped, and the one
//! comparison that may meet them.

use aws_lc_rs::constant_time;
pub use secrecy::{ExposeSecret, SecretString};

/// Compares in a time that tells only whether the lengths agree.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}
