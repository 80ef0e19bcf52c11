//! Signing keys.

mod rotate;
mod stored;
