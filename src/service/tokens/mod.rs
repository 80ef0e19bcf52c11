//! Signing, checking and rotating tokens, and telling every process what ended.

/// From an access token to a principal, without the database.
pub mod authenticate;
/// What all processes are told when something is revoked.
pub(in crate::service) mod broadcast;
/// Signs access tokens and computes refresh tokens.
pub mod mint;
/// Carries out `domain/rotation.rs`.
pub(in crate::service) mod rotate;
