//! What the operator gave: the environment, and a `.env` file of this folder, not of one
//! above.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::{deduplicated_log, output};
use crate::config::files::env_file;
use crate::config::settings;
use crate::config::settings::log::Log;

const FILE: &str = ".env";

/// Names and values of settings, and what is to be said of where they come from.
pub(super) struct Environment {
    pub(super) given: BTreeMap<String, String>,
    pub(super) warnings: Vec<String>,
}

/// What the environment has goes before what the file has. An empty value is as absent.
pub(super) fn read() -> Result<Environment, String> {
    let mut faults = Vec::new();
    let file = env_file::read(Path::new(FILE)).unwrap_or_else(|found| {
        faults = found;
        env_file::EnvFile::default()
    });
    let mut given = file.values;
    for (name, value) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        match value.into_string() {
            Ok(value) if value.is_empty() && given.contains_key(&name) => {}
            Ok(value) => {
                given.insert(name, value);
            }
            // As if it were absent its default would stand in silence.
            Err(_) if settings::is_ours(&name) => {
                faults.push(format!("{name}: is not UTF-8"));
            }
            Err(_) => {}
        }
    }
    if faults.is_empty() {
        let warnings = file.warnings;
        Ok(Environment { given, warnings })
    } else {
        Err(faults.join("\nkeyward: "))
    }
}

/// What of the file is for libraries (`PGSSLROOTCERT`, `SSL_CERT_FILE`): they read the
/// environment. Settings of Keyward stay out of it. Before any thread is there.
pub(super) fn pass_on(environment: &Environment) {
    let mut lines = String::new();
    for (name, value) in &environment.given {
        if settings::is_ours(name) || std::env::var_os(name).is_some() {
            continue;
        }
        lines.push_str(name);
        lines.push_str("=\"");
        for letter in value.chars() {
            if matches!(letter, '\\' | '"' | '$') {
                lines.push('\\');
            }
            lines.push(letter);
        }
        lines.push_str("\"\n");
    }
    // Its lines were just written so that it can read them.
    let _ = dotenvy::from_read(lines.as_bytes());
}

/// A filter that can not work is told of by the command that reads the settings.
pub(super) fn start_log(environment: Option<&Environment>) {
    let given = environment.map(|environment| &environment.given);
    let mut logger = env_logger::Builder::new();
    logger.format_target(false);
    // actix tells of requests that can not be read as errors, without an address. The server
    // tells of them at debug, with one (`http/server.rs`).
    logger.filter(Some("actix_http"), log::LevelFilter::Off);
    for (module, level) in Log::of(given).filter.0 {
        logger.filter(module.as_deref(), level);
    }
    logger.target(env_logger::Target::Pipe(Box::new(output::Log::start())));
    deduplicated_log::start(logger.build());
}
