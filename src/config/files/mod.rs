//! Settings that stand in files: `.env`, and secrets that are mounted or made.

pub mod env_file;
pub mod secret_file;
