//! Checks a password: at a sign-in, and before a credential is changed, on the same attempt limits.

use std::sync::Arc;

use crate::crypto::password::hasher::Verdict;
use crate::domain::password::{Password, PasswordRecord};
use crate::lanes::password_lane::{NotDone, Seat};
use crate::service::attempts::guess_budget::Reservation;
use crate::service::error::{Error, Result};

impl Reservation {
    /// Compares a password with a record, on the password lane.
    pub(in crate::service) fn compare(
        &self,
        seat: &Seat,
        password: &Password,
        stored: Option<&PasswordRecord>,
    ) -> Result<Verdict> {
        let (hasher, password) = (Arc::clone(&self.kw.hasher), password.clone());
        let stored = stored.cloned();
        let verdict = seat
            .run(move || hasher.verify(&password, stored.as_ref()))
            .map_err(|NotDone| self.not_done())?;
        if verdict == Verdict::PepperMissing {
            // Nobody can say whether it is right: never "wrong password", never unpeppered.
            self.given_back()?;
            return Err(Error::defect(
                "a password record was made with a pepper that is not here",
            ));
        }
        if verdict == Verdict::NoMemory {
            return Err(self.not_done());
        }
        Ok(verdict)
    }

    /// The lane did not get to a job of this attempt, so nothing was found wrong with it:
    /// counted as a failure, it would make a lock-out of overload (semantics 5).
    pub(in crate::service) fn not_done(&self) -> Error {
        self.give_back();
        Error::busy("the password lane gave up on a job")
    }
}
