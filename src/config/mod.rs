//! What the operator decides: one table of settings (`settings.rs`), read once at the
//! start into a [`Config`]; all faults are told at once, before anything listens.

mod parse;
mod read;
mod reader;
mod rules;
pub mod secret_file;
pub mod settings;

pub use parse::duration as parse_duration;
pub use read::{Config, Dialect, SameSite, look, read};
pub use reader::Fault;
