//! The second factor, taken away by who has it.

use crate::domain::event::What;
use crate::domain::id::AccountId;
use crate::lanes::password_lane::Seat;
use crate::service::actor::Actor;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::service::second_factor::own_session::{OwnSession, follow, tokens_of};
use crate::service::second_factor::reauthenticate::{RemovalProof, prove_removal};
use crate::service::tokens::begin_session::Renewed;
use crate::store::{AnyConnection, factors, recovery_codes};

const DEMANDED: &str = "A role or an organization of yours asks for a second factor: it stays on. Another one is \
                        begun in its place with the password and a code of this one. One that was lost, recovery \
                        codes and all, an administrator takes away.";

/// # Errors
/// `WRONG_PASSWORD`, `INVALID_OTP`, `ATTEMPTS_EXCEEDED`; `INVALID_PAYLOAD` where there is
/// none; `FORBIDDEN` where one is asked for.
pub fn remove(
    kw: &Keyward,
    seat: &Seat,
    actor: &Actor,
    proof: &RemovalProof,
) -> Result<Option<Renewed>> {
    // Told before anything is counted, and asked again where it counts.
    kw.store.read(|db| require_free(db, actor.account()))?;
    // Without the password nothing was shown that a new session could begin with.
    let own_session = match proof {
        RemovalProof::PasswordAndCode(_) => OwnSession::Renewed,
        RemovalProof::CodeAlone(_) => OwnSession::GoesOn,
    };
    let proven = prove_removal(kw, seat, actor, proof)?;
    let written = proven.open(actor, move |change, caller, proven| {
        let account = caller.account.id();
        notice::record(change, &caller.actor.event(What::FactorDisabled))?;
        require_free(change, account)?;
        factors::remove_all_of(change, account)?;
        recovery_codes::remove_all_of(change, account)?;
        follow(change, caller, own_session, proven.methods())
    })?;
    tokens_of(kw, written)
}

/// Whether nobody asks for the factor.
fn require_free(db: &mut AnyConnection, account: AccountId) -> Result<()> {
    match factors::demanded_of(db, account)? {
        None => Ok(()),
        Some(_) => Err(Error::forbidden(DEMANDED)),
    }
}
