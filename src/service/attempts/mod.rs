//! Checking the secrets of an account, within limits on guesses.

mod check_password;
pub mod check_second_factor;
pub(in crate::service) mod claimant;
pub(in crate::service) mod counter_keys;
pub(in crate::service) mod forgive;
pub(in crate::service) mod guess_budget;
pub(in crate::service) mod guest_limit;
