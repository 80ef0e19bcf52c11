//! What is logged.

use std::collections::BTreeMap;

use crate::config::reader::Reader;
use crate::config::settings::declare::section;
use crate::config::values::log_filter::{self, Filter};

section! {
    /// What goes to standard error.
    Log, "Log" {
        /// What is logged to standard error: off, error, warn, info, debug or trace, or such
        /// a level for a module, comma separated.
        filter: Filter = RUST_LOG, "info,actix_server=warn", log_filter::parse;
    }
}

impl Log {
    /// Before all other settings, whose faults may be logged: the default where this one can
    /// not work.
    #[must_use]
    pub fn of(given: Option<&BTreeMap<String, String>>) -> Self {
        let given = given.and_then(|given| Self::read(&mut Reader::new(given)));
        given.unwrap_or_else(default)
    }
}

fn default() -> Log {
    Log::read(&mut Reader::new(&BTreeMap::new())).expect("the default is a filter")
}
