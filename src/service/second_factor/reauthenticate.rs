//! What the caller typed to prove who they are: the password, and the second factor.

use crate::domain::password::Password;
use crate::lanes::password_lane::Seat;
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::claimant::{Claimant, Proven};
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
) -> Result<Proven> {
    let account = account_of(kw, actor)?;
    let claimant = Claimant {
        kw,
        actor,
        account: &account,
    };
    let reservation = match &proof.password {
        Some(password) => Some(claimant.password(seat, password)?),
        None => None,
    };
    claimant.second(&proof.second, reservation)
}
