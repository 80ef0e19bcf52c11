//! A word to whoever runs a page that is not on the list of origins.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::header::HeaderValue;

/// Tells the log of a page whose origin is not listed, once a minute: whoever runs a new
/// page learns which setting it lacks, and a stranger's page fills no disk.
#[derive(Default)]
pub struct Unlisted(Mutex<Option<Instant>>);

impl Unlisted {
    const PAUSE: Duration = Duration::from_secs(60);

    pub fn tell(&self, origin: &HeaderValue) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < Self::PAUSE) {
            return;
        }
        *last = Some(Instant::now());
        let origin = origin.to_str().unwrap_or("(not ASCII)");
        log::warn!(
            "a page of the origin \"{}\" was refused: if it is one of yours, put it into \
             KEYWARD_ALLOWED_ORIGINS",
            origin.chars().take(128).collect::<String>().escape_debug()
        );
    }
}
