//! Signing keys: loaded, made, rotated, replaced.

pub mod rotate;
