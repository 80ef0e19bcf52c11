//! What the operator decides: sections of settings, each read once at the start into a
//! struct of [`Config`]; all faults are told at once, before anything listens.
//!
//! To add a setting: one field in the `section!` of its file here, such as `cookies.rs`, with its
//! name, its default, its words and what reads it, all in that place. `section.rs` is the macro. A new
//! section has a `mod` line here and stands in `sections.rs`; a test writes `.env.example`.

pub mod attempts;
pub mod cookies;
pub mod database;
pub mod faces;
pub mod files;
pub mod first_administrator;
mod from_environment;
pub mod keys;
pub mod listen;
pub mod log;
pub mod mail;
pub mod passwords;
pub mod peers;
mod reader;
pub mod registration;
pub mod second_factor;
pub mod secret;
mod section;
pub mod sections;
mod setting;
#[cfg(test)]
#[path = "from_environment/tests.rs"]
mod tests;
pub mod tokens;
mod unknown_names;
mod values;

pub use cookies::SameSite;
pub use faces::Dialect;
pub use from_environment::{Config, look, read};
pub use log_filter::Filter;
pub use reader::Fault;
pub use registration::Who;
pub use values::parse::duration as parse_duration;
pub use values::{log_filter, origin};
