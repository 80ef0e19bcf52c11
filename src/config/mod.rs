//! What the operator decides: sections of settings, each read once at the start into a
//! struct of [`Config`]; all faults are told at once, before anything listens.
//!
//! To add a setting: one field in the `section!` of its file here, such as `cookies.rs`, with its
//! name, its default, its words and what reads it, all in that place. `section.rs` is the macro. A new
//! section has a `mod` line here and stands in `sections.rs`; a test writes `.env.example`.

pub mod files;
mod load;
mod reader;
mod setting;
pub mod settings;
#[cfg(test)]
#[path = "load/tests.rs"]
mod tests;
mod unknown_names;
mod values;

pub use load::{Config, look, read};
pub use log_filter::Filter;
pub use reader::Fault;
pub use settings::cookies::SameSite;
pub use settings::dialects::Dialect;
pub use settings::registration::Who;
pub use values::parse::duration as parse_duration;
pub use values::{log_filter, origin};
