//! What the caller typed to prove who they are: the password, and the second factor.

use crate::domain::password::Password;
use crate::lanes::password_lane::Seat;
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::budget::Reservation;
use crate::service::attempts::prove::{Second, prove_password, prove_second};
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::support::secret::SecretString;

pub struct Proof {
    /// Keyward's own routes ask for it. The Directus face has a code alone.
    pub password: Option<Password>,
    pub second: SecretString,
}

/// Checks the password, where one is asked for, and reads the second factor.
pub(in crate::service::second_factor) fn prove(
    kw: &Keyward,
    seat: &Seat,
    actor: &Actor,
    proof: &Proof,
) -> Result<(Second, Reservation)> {
    let account = account_of(kw, actor)?;
    let reservation = match &proof.password {
        Some(password) => Some(prove_password(kw, seat, &account, password, actor)?),
        None => None,
    };
    prove_second(kw, &account, &proof.second, actor, reservation)
}
