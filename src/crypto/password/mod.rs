//! Password records.

pub mod hasher;
mod imported;
