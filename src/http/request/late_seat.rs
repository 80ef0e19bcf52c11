//! A seat on the password lane for an act that asks for one in the middle of a request: a
//! document of GraphQL says only once it is read whether it hashes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::lanes::password_lane::{Seat, Waiting};
use crate::lanes::seats::Asker;
use crate::service::{Error, Keyward, Result};

/// Goes with the act.
pub struct LateSeat {
    asker: Asker,
    state: Arc<Mutex<State>>,
}

/// Held by the one who waits for the answer. Hashing that has not begun is left undone when
/// it is dropped, as with [`Waiting`].
pub struct Keeper(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    #[default]
    Open,
    Taken(Waiting),
    Full,
    Gone,
}

impl LateSeat {
    #[must_use]
    pub fn of(asker: Asker) -> (Self, Keeper) {
        let state = Arc::new(Mutex::default());
        let keeper = Keeper(Arc::clone(&state));
        (Self { asker, state }, keeper)
    }

    /// # Errors
    /// `SERVICE_UNAVAILABLE` where none is free, or nobody waits any more.
    pub fn take(&self, kw: &Keyward) -> Result<Seat> {
        let mut state = lock(&self.state);
        if matches!(*state, State::Gone) {
            return Err(Error::busy(
                "the client went away before its password was read",
            ));
        }
        let Ok((seat, waiting)) = kw.lane.seat_for(self.asker) else {
            *state = State::Full;
            return Err(Error::busy("the password lane is full"));
        };
        *state = State::Taken(waiting);
        Ok(seat)
    }
}

impl Keeper {
    /// Whether the lane had no place for whoever asked.
    #[must_use]
    pub fn was_full(&self) -> bool {
        match &*lock(&self.0) {
            State::Taken(waiting) => waiting.was_full(),
            State::Full => true,
            State::Open | State::Gone => false,
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        *lock(&self.0) = State::Gone;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
