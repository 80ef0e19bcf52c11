//! What a change of credentials asks of a signed-in caller: the password, and a code where a
//! second factor is on.

use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::password::Password;
use crate::lanes::password_lane::Seat;
use crate::service::actor::Actor;
use crate::service::attempts::budget::Reservation;
use crate::service::attempts::prove::{
    Flaw, Second, prove_password, prove_second, to_caller, use_second,
};
use crate::service::change::Change;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::factors;
use crate::support::secret::SecretString;

/// A code beside an account without a factor is passed over, as at a sign-in (D-15).
///
/// # Errors
/// `INVALID_PAYLOAD` where a code is needed, and then nothing is counted; `WRONG_PASSWORD`,
/// `INVALID_OTP`, `ATTEMPTS_EXCEEDED`, `SERVICE_UNAVAILABLE`.
pub(in crate::service) fn prove_both(
    kw: &Keyward,
    seat: &Seat,
    (actor, account): (&Actor, &Account),
    (password, otp): (&Password, Option<&SecretString>),
) -> Result<(Option<Second>, Reservation)> {
    let factor = kw.store.read(|db| factors::active_of(db, account.id))?;
    let otp = otp.filter(|_| factor.is_some());
    if factor.is_some() && otp.is_none() {
        return Err(Error::payload(
            "\"otp\" is required: a code of your second factor, or a recovery code",
        ));
    }
    let reservation = prove_password(kw, seat, account, password, actor)?;
    match otp {
        None => Ok((None, reservation)),
        Some(otp) => {
            let (second, reservation) = prove_second(kw, account, otp, actor, Some(reservation))?;
            Ok((Some(second), reservation))
        }
    }
}

/// Uses up what was shown. The caller is held.
///
/// # Errors
/// `INVALID_OTP` where the code was used before, or a factor was switched on meanwhile.
pub(in crate::service) fn use_both(
    change: &mut Change<'_>,
    account: AccountId,
    second: Option<&Second>,
    reservation: &Reservation,
) -> Result<()> {
    match second {
        Some(second) => use_second(change, account, second).map_err(to_caller)?,
        None if factors::active_of(change, account)?.is_some() => {
            return Err(to_caller(Flaw::Missing.error()));
        }
        None => {}
    }
    reservation.succeeded(change)
}
