//! What the operator decides: sections of settings, each read once at the start into a
//! struct of [`Config`]; all faults are told at once, before anything listens.
//!
//! To add a setting: `settings/`. `load.rs` makes a [`Config`] of all of them.

pub mod files;
mod load;
mod reader;
pub mod settings;
#[cfg(test)]
#[path = "load/tests.rs"]
mod tests;
mod unknown_names;
pub mod values;

pub use load::{Config, look, read};
pub use reader::Fault;
pub use settings::cookies::SameSite;
pub use settings::dialects::Dialect;
pub use settings::registration::Who;
pub use values::log_filter::Filter;
pub use values::parse::duration as parse_duration;
