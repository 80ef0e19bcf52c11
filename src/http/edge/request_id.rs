//! What an answer and its line of log are found by.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::HeaderName;

use crate::support::entropy::Entropy;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Unlike any other of this process and, most likely, of any other process.
pub(super) fn next() -> String {
    static START: OnceLock<(u32, RandomState)> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let (start, keyed) = START.get_or_init(|| {
        let start = u32::from_be_bytes(Entropy::system().bytes());
        (start, RandomState::new())
    });
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // A number that is told would tell how many others came between two requests.
    format!("{start:08x}-{:016x}", keyed.hash_one(number))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn attack_l13_ids_do_not_count() {
        let ids: Vec<String> = (0..1000).map(|_| super::next()).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        let number = |id: &String| u64::from_str_radix(id.split_once('-').unwrap().1, 16);
        let near = ids.windows(2).filter(|two| {
            let [a, b] = [&two[0], &two[1]].map(|id| number(id).unwrap());
            a.abs_diff(b) < 1 << 32
        });
        assert!(near.count() < 3);
    }
}
