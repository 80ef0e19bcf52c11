//! A seat on the password lane for an act that asks for one in the middle of a request: a
//! document of GraphQL says only once it is read whether it hashes. One that may is given its
//! seat before it waits for a thread.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use crate::lanes::fair_queue::{Asker, Full};
use crate::lanes::password_lane::{Seat, Waiting};
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
    Held(Seat, Waiting),
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

    /// Takes it before the act waits for a thread, so that no more wait than there are seats.
    /// Whether one was free.
    #[must_use]
    pub fn hold(&self, kw: &Keyward) -> bool {
        let taken = kw.lane.seat_for(self.asker);
        let is_free = taken.is_ok();
        *lock(&self.state) =
            taken.map_or(State::Full, |(seat, waiting)| State::Held(seat, waiting));
        is_free
    }

    /// # Errors
    /// `SERVICE_UNAVAILABLE` where none is free, or nobody waits any more.
    pub fn take(&self, kw: &Keyward) -> Result<Seat> {
        let mut state = lock(&self.state);
        let seat = match std::mem::replace(&mut *state, State::Full) {
            State::Gone => {
                *state = State::Gone;
                let words = "the client went away before its password was read";
                return Err(Error::busy(words));
            }
            State::Held(seat, waiting) => Ok((seat, waiting)),
            State::Open | State::Taken(_) => kw.lane.seat_for(self.asker),
            State::Full => Err(Full),
        };
        let (seat, waiting) = seat.map_err(|Full| Error::busy("the password lane is full"))?;
        *state = State::Taken(waiting);
        Ok(seat)
    }
}

impl Keeper {
    /// Whether the lane had no place for whoever asked.
    #[must_use]
    pub fn was_full(&self) -> bool {
        match &*lock(&self.0) {
            State::Taken(waiting) | State::Held(_, waiting) => waiting.was_full(),
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
    state.lock()
}
