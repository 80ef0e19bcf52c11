//! Watches the whole process's log, at every level, for secrets that must never be in
//! it. What is logged is looked at and let go, not kept.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use log::{Log, Metadata, Record};

/// Secrets, each with the first line that told it.
static WATCHED: Mutex<Vec<(String, Option<String>)>> = Mutex::new(Vec::new());

struct Watch;

impl Log for Watch {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }

    fn log(&self, record: &Record) {
        let line = format!("{} {}: {}", record.level(), record.target(), record.args());
        for (secret, told) in watched().iter_mut() {
            if told.is_none() && line.contains(secret.as_str()) {
                *told = Some(line.clone());
            }
        }
    }

    fn flush(&self) {}
}

fn watched() -> MutexGuard<'static, Vec<(String, Option<String>)>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on the log is searched for this text.
pub fn watch_log(secret: &str) {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        log::set_boxed_logger(Box::new(Watch)).expect("the only logger of the tests");
        log::set_max_level(log::LevelFilter::Trace);
    });
    watched().push((secret.to_owned(), None));
}

/// The first line of the log that held this text.
pub fn told_by_log(secret: &str) -> Option<String> {
    let watched = watched();
    let (_, told) = watched.iter().find(|(known, _)| known == secret)?;
    told.clone()
}
