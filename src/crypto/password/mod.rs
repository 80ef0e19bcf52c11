//! Password records.

pub mod hasher;
mod imported;
pub mod scheme;
