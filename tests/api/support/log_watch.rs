//! Watches the whole process's log, at every level, for secrets that must never be in
//! it. What is logged is looked at and let go, not kept.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::logbook;

/// Secrets, each with the first line that told it.
static WATCHED: Mutex<Vec<(String, Option<String>)>> = Mutex::new(Vec::new());

/// Called with every line of the process's log.
pub(super) fn look_at(line: &str) {
    for (secret, told) in watched().iter_mut() {
        if told.is_none() && line.contains(secret.as_str()) {
            *told = Some(line.to_owned());
        }
    }
}

fn watched() -> MutexGuard<'static, Vec<(String, Option<String>)>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on the log is searched for this text.
pub fn watch_log(secret: &str) {
    logbook::listen();
    watched().push((secret.to_owned(), None));
}

/// The first line of the log that held this text.
pub fn told_by_log(secret: &str) -> Option<String> {
    let watched = watched();
    let (_, told) = watched.iter().find(|(known, _)| known == secret)?;
    told.clone()
}
