//! The second factor of an account (TOTP) and its recovery codes.

pub mod enrol;
