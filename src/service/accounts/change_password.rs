//! The caller's own password, changed by its owner. Every session ends, the caller's own
//! included, and the caller gets another.

use crate::domain::account::Account;
use crate::domain::event::What;
use crate::domain::password::Password;
use crate::domain::password_policy;
use crate::lanes::password_lane::{NotDone, Seat};
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::budget::Reservation;
use crate::service::attempts::forgive;
use crate::service::attempts::prove::{
    Flaw, Second, methods_of, not_done, prove_password, prove_second, to_caller, use_second,
};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::service::tokens::begin::{Renewed, renew, tokens_of};
use crate::store::{credentials, factors};
use crate::support::secret::{ExposeSecret as _, SecretString, same};

pub struct NewPassword {
    pub present: Password,
    pub new: Password,
    /// Needed where a second factor is switched on (docs/decisions/0049).
    pub otp: Option<SecretString>,
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
        return Err(Error::payload(
            "\"newPassword\" must be another one than the present",
        ));
    }
    let factor = kw.store.read(|db| factors::active_of(db, account.id))?;
    let otp = typed.otp.as_ref().filter(|_| factor.is_some());
    if factor.is_some() && otp.is_none() {
        return Err(Error::payload(
            "\"otp\" is required: a code of your second factor, or a recovery code",
        ));
    }
    let mut reservation = prove_password(kw, seat, &account, &typed.present, actor)?;
    let mut second = None;
    if let Some(otp) = otp {
        let (read, reserved) = prove_second(kw, &account, otp, actor, Some(reservation))?;
        (second, reservation) = (Some(read), reserved);
    }
    let hash = match hash(kw, seat, &account, &typed.new) {
        Ok(Ok(hash)) => hash,
        Ok(Err(refused)) => {
            // The present password was right: nobody guessed.
            reservation.given_back(kw)?;
            return Err(Error::payload(refused.reason("newPassword")));
        }
        Err(NotDone) => return Err(not_done(kw, &reservation)),
    };
    let proved = Proved {
        second,
        reservation,
    };
    write(kw, actor, hash, proved)
}

/// Judges the new password and hashes it, both on the password lane: the estimate costs as
/// much as a hash, so it is for whoever has proven the present one.
fn hash(
    kw: &Keyward,
    seat: &Seat,
    account: &Account,
    new: &Password,
) -> Result<Result<String, password_policy::Refused>, NotDone> {
    let about: Vec<String> = [account.email.clone(), account.username.clone()]
        .into_iter()
        .flatten()
        .collect();
    let (inner, new) = (kw.clone(), new.clone());
    seat.run(move || {
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        password_policy::check(&new, inner.policy.password_min_length, &about)?;
        Ok(inner.hasher.hash(&new, &inner.entropy))
    })
}

/// What the caller has shown.
struct Proved {
    second: Option<Second>,
    reservation: Reservation,
}

fn write(kw: &Keyward, actor: &Actor, hash: String, proved: Proved) -> Result<Renewed> {
    let Proved {
        second,
        reservation,
    } = proved;
    let actor = actor.clone();
    let written = kw
        .change(move |change| {
            change.hold_caller(&actor)?;
            let (id, now) = (actor.account(), change.now);
            match &second {
                Some(second) => {
                    use_second(change, id, second).map_err(to_caller)?;
                }
                // Switched on since it was looked for.
                None if factors::active_of(change, id)?.is_some() => {
                    return Err(to_caller(Flaw::Missing.error()));
                }
                None => {}
            }
            reservation.succeeded(change)?;
            forgive::forget(change.kw, change, id)?;
            credentials::set(change, id, &hash, now)?;
            notice::record(change, &actor.event(What::PasswordChanged))?;
            renew(change, &actor, methods_of(second.as_ref()))
        })
        .map_err(Error::or_wrong_password)?;
    tokens_of(kw, written)
}
