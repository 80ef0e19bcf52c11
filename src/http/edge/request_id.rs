//! What an answer and its line of log are found by.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::HeaderName;

use crate::support::entropy::Entropy;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Unlike any other of this process and, most likely, of any other process.
pub(super) fn next() -> String {
    static START: OnceLock<u32> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let start = START.get_or_init(|| u32::from_be_bytes(Entropy::system().bytes()));
    format!("{start:08x}-{:x}", NEXT.fetch_add(1, Ordering::Relaxed))
}
