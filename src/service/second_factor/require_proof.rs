//! What the caller typed to prove who they are: the password, and the second factor.

use crate::domain::password::Password;
use crate::lanes::password_lane::Seat;
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::claimant::{Claimant, Proven};
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::support::secret::SecretString;

pub struct Proof {
    pub password: Password,
    pub second: SecretString,
}

/// What shows that the caller may take the factor away. Keyward's own routes ask for both; Directus's
/// clients send a code alone.
pub enum RemovalProof {
    PasswordAndCode(Proof),
    CodeAlone(SecretString),
}

/// Checks the password and reads the second factor.
pub(in crate::service::second_factor) fn prove(
    kw: &Keyward,
    seat: &Seat,
    actor: &Actor,
    proof: &Proof,
) -> Result<Proven> {
    prove_by(kw, seat, actor, (Some(&proof.password), &proof.second))
}

pub(in crate::service::second_factor) fn prove_removal(
    kw: &Keyward,
    seat: &Seat,
    actor: &Actor,
    proof: &RemovalProof,
) -> Result<Proven> {
    match proof {
        RemovalProof::PasswordAndCode(proof) => prove(kw, seat, actor, proof),
        RemovalProof::CodeAlone(second) => prove_by(kw, seat, actor, (None, second)),
    }
}

fn prove_by(
    kw: &Keyward,
    seat: &Seat,
    actor: &Actor,
    (password, second): (Option<&Password>, &SecretString),
) -> Result<Proven> {
    let account = account_of(kw, actor)?;
    let claimant = Claimant {
        kw,
        actor,
        account: &account,
    };
    let reservation = match password {
        Some(password) => Some(claimant.password(seat, password)?),
        None => None,
    };
    claimant.second(second, reservation)
}
