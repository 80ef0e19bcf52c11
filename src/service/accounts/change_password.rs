//! The caller's own password, changed by its owner. Every session ends, the caller's own
//! included, and the caller gets another.

use crate::domain::event::What;
use crate::domain::identifier::Identifier;
use crate::domain::password::{Password, PasswordRecord};
use crate::lanes::password_lane::Seat;
use crate::service::account_changes::hash_chosen_password::{NotHashed, hash};
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::claimant::{Claimant, Proven};
use crate::service::attempts::forgive;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::service::tokens::begin_session::{Renewed, renew, tokens_of};
use crate::store::{accounts, credentials};
use crate::support::secret::{ExposeSecret as _, SecretString, same};

pub struct NewPassword {
    pub present: Password,
    pub new: Password,
    /// Needed where a second factor is switched on (docs/decisions/0049).
    pub otp: Option<SecretString>,
}

/// The same, for a face on which the caller names the account; `None` where what was written
/// can be nobody's name.
///
/// # Errors
/// `NOT_FOUND` where it is not the caller's own, the same for another's name and for nobody's;
/// and as [`change_password`].
pub fn change_password_of(
    kw: &Keyward,
    seat: &Seat,
    actor: &Actor,
    (named, typed): (Option<&Identifier>, &NewPassword),
) -> Result<Renewed> {
    let found = match named {
        Some(named) => kw
            .store
            .read(|db| accounts::find_by_identifier(db, named))?,
        None => None,
    };
    if found.is_none_or(|found| found.id != actor.account()) {
        return Err(Error::no_such_account());
    }
    change_password(kw, seat, actor, typed)
}

/// # Errors
/// `WRONG_PASSWORD` and `INVALID_OTP` for what is wrong in what was typed, `INVALID_PAYLOAD`
/// for a new password that the policy refuses or that is the present one,
/// `ATTEMPTS_EXCEEDED`.
pub fn change_password(
    kw: &Keyward,
    seat: &Seat,
    actor: &Actor,
    typed: &NewPassword,
) -> Result<Renewed> {
    let account = account_of(kw, actor)?;
    if same(
        typed.new.normalized().expose_secret().as_bytes(),
        typed.present.normalized().expose_secret().as_bytes(),
    ) {
        return Err(Error::same_password());
    }
    let claimant = Claimant {
        kw,
        actor,
        account: &account,
    };
    let proven = claimant.both(seat, &typed.present, typed.otp.as_ref())?;
    let about = [account.email.clone(), account.username.clone()];
    let hash = match hash(kw, seat, &typed.new, &about) {
        Ok(hash) => hash,
        Err(NotHashed::Weak(weakness)) => {
            // The present password was right: nobody guessed.
            proven.reservation.given_back()?;
            return Err(Error::weak_password(weakness));
        }
        Err(NotHashed::NotDone) => return Err(proven.reservation.not_done()),
    };
    write(kw, actor, hash, proven)
}

fn write(kw: &Keyward, actor: &Actor, hash: PasswordRecord, proven: Proven) -> Result<Renewed> {
    let written = proven.open(actor, move |change, caller, proven| {
        let (actor, id, now) = (caller.actor, caller.account.id(), change.now);
        forgive::forget(change.kw, change, id)?;
        credentials::set(change, id, &hash, now)?;
        notice::record(change, &actor.event(What::PasswordChanged))?;
        renew(change, caller, proven.methods())
    })?;
    tokens_of(kw, written)
}
