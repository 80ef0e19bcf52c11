//! Checking the secrets of an account, within limits on guesses.

pub(in crate::service) mod budget;
pub mod prove;
