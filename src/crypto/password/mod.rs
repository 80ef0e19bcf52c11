//! Password records.

pub mod hasher;
mod imported;
pub mod scheme;

pub use imported::NoMemory;
