//! The lane for acts that read or write rows: how many may wait for the database or run
//! on it at once. The threads are the runtime's; what is kept here is the bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Clone)]
pub struct StoreLane(Arc<AtomicUsize>);

/// A place on the lane, given back when this is dropped.
pub struct Place(Arc<AtomicUsize>);

impl StoreLane {
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(places)))
    }

    /// A place, or `None` where all are taken.
    #[must_use]
    pub fn enter(&self) -> Option<Place> {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
                free.checked_sub(1)
            })
            .ok()?;
        Some(Place(Arc::clone(&self.0)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_only_so_many_places_and_they_come_back() {
        let lane = StoreLane::new(2);
        let places = (lane.enter(), lane.enter());
        assert!(places.0.is_some() && places.1.is_some());
        assert!(lane.enter().is_none());
        assert!(
            StoreLane::new(1).enter().is_some(),
            "another Keyward's lane"
        );
        drop(places.0);
        assert!(lane.enter().is_some());
    }
}
