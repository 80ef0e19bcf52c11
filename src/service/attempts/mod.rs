//! Checking the secrets of an account, within limits on guesses: a sign-in that is 429 was refused by
//! `guess_budget.rs`, by the numbers of `domain/guess_limit.rs`, unless its address asked too much of
//! anything: `http/peers/rate_limit.rs` says no before the body is read.

/// The password.
mod check_password;
/// The second factor: a code, or a recovery code.
pub mod check_second_factor;
/// Whoever proves secrets again, signed in already.
pub(in crate::service) mod claimant;
/// By which names guesses are counted.
pub(in crate::service) mod counter_keys;
/// What forgives failures.
pub(in crate::service) mod forgive;
/// Whether an attempt is looked at, or waits: what counts it before and settles it after.
pub(in crate::service) mod guess_budget;
/// How many guests one household may begin.
pub(in crate::service) mod guests_per_household;
