//! What a setting may hold: how each kind of value is read.

pub mod log_filter;
pub mod origin;
pub(in crate::config) mod parse;
