//! The earliest events of this process that may have no seal. Where the clock was behind for a while
//! they are older than all that was sealed, and nobody would look for them there.

use parking_lot::Mutex;

/// Milliseconds; `i64::MAX` where there is none.
pub(in crate::service) struct Unsealed(Mutex<Earliest>);

struct Earliest {
    /// Since the last look.
    now: i64,
    /// Between the last look and the one before it: one may have been committed after that.
    before: i64,
}

impl Default for Unsealed {
    fn default() -> Self {
        Self(Mutex::new(Earliest {
            now: i64::MAX,
            before: i64::MAX,
        }))
    }
}

impl Unsealed {
    /// An event of this instant will be written.
    pub(in crate::service) fn note(&self, at: i64) {
        let mut earliest = self.0.lock();
        earliest.now = earliest.now.min(at);
    }

    pub(in crate::service) fn earliest(&self) -> i64 {
        let earliest = self.0.lock();
        earliest.now.min(earliest.before)
    }

    /// All that was committed from [`Unsealed::earliest`] on has a seal.
    pub(in crate::service) fn was_looked_at(&self) {
        let mut earliest = self.0.lock();
        earliest.before = std::mem::replace(&mut earliest.now, i64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_looked_for_twice() {
        let unsealed = Unsealed::default();
        assert_eq!(unsealed.earliest(), i64::MAX);
        unsealed.note(7);
        unsealed.note(9);
        assert_eq!(unsealed.earliest(), 7);
        unsealed.was_looked_at();
        unsealed.note(8);
        assert_eq!(unsealed.earliest(), 7);
        unsealed.was_looked_at();
        assert_eq!(unsealed.earliest(), 8);
        unsealed.was_looked_at();
        assert_eq!(unsealed.earliest(), i64::MAX);
    }
}
