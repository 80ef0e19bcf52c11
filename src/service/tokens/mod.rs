//! Signing, checking and rotating tokens.

/// From an access token to a principal, without the database.
pub mod authenticate;
/// From an API key to a principal, most times without the database.
pub mod authenticate_api_key;
/// Begins a session, at a sign-in or in the place of the caller's own.
pub mod begin_session;
/// Signs access tokens and computes refresh tokens.
pub mod mint;
/// Carries out `domain/refresh_rotation.rs`.
pub(in crate::service) mod rotate_refresh_token;
/// Signing keys: read, added, replaced.
pub(in crate::service) mod signing_keys;
