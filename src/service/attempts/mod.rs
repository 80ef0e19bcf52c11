//! Checking the secrets of an account, within limits on guesses.

pub(in crate::service) mod budget;
pub(in crate::service) mod claimant;
pub(in crate::service) mod forgive;
pub(in crate::service) mod guest_limit;
pub mod prove;
pub(in crate::service) mod subject;
