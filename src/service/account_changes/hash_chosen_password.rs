//! A password that somebody chooses: judged and hashed on the password lane, before any
//! transaction begins.

use crate::crypto::password::NoMemory;
use crate::domain::password::{Password, PasswordRecord};
use crate::domain::password_policy::{self, Weakness};
use crate::lanes::password_lane::{NotDone, Seat};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;

/// Why there is no record of it.
pub(in crate::service) enum NotHashed {
    Weak(Weakness),
    /// The lane gave up on it, or there was no memory.
    NotDone,
}

/// `about`: what a guesser knows of the chooser.
pub(in crate::service) fn hash(
    kw: &Keyward,
    seat: &Seat,
    chosen: &Password,
    about: &[Option<String>],
) -> Result<PasswordRecord, NotHashed> {
    let about: Vec<String> = about.iter().flatten().cloned().collect();
    let (inner, chosen) = (kw.clone(), chosen.clone());
    let done = seat.run(move || {
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        password_policy::check(&chosen, inner.policy.password_min_length, &about)?;
        Ok(inner.hasher.hash(&chosen, &inner.entropy))
    });
    match done.map_err(|NotDone| NotHashed::NotDone)? {
        Ok(Err(NoMemory)) => Err(NotHashed::NotDone),
        Ok(Ok(record)) => Ok(record),
        Err(weakness) => Err(NotHashed::Weak(weakness)),
    }
}

/// The same for whoever has nothing to be given back where it is refused.
///
/// # Errors
/// `INVALID_PAYLOAD` with the rule that it breaks; `SERVICE_UNAVAILABLE`.
pub(in crate::service) fn hashed(
    kw: &Keyward,
    seat: &Seat,
    chosen: &Password,
    about: &[Option<String>],
) -> Result<PasswordRecord> {
    hash(kw, seat, chosen, about).map_err(|why| match why {
        NotHashed::NotDone => Error::busy("the password lane gave up on a job"),
        NotHashed::Weak(weakness) => Error::weak_password(weakness),
    })
}
