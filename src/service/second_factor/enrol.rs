//! The second factor, enrolled in two steps (semantics 6): here the first, which shows the
//! secret, this once.

use crate::crypto::totp::{self, Enrolment, SECRET_BYTES};
use crate::domain::id::FactorId;
use crate::domain::password::Password;
use crate::lanes::password_lane::Seat;
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::check_second_factor::context;
use crate::service::attempts::claimant::{Claimant, Proven};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::store::factors::{self, Factor};
use crate::support::secret::SecretString;

/// What shows that the caller may begin one.
pub struct Shown {
    /// Always: who stole a token a minute after the sign-in must not lock its owner out with it (M4).
    pub password: Password,
    /// A code of the factor that counts already, or one of its recovery codes: the new one comes in
    /// its place.
    pub second: Option<SecretString>,
}

/// Begins an enrolment: a secret that waits, beside a factor that may count already.
///
/// # Errors
/// `WRONG_PASSWORD`, `INVALID_OTP`, `ATTEMPTS_EXCEEDED`; `CONFLICT` where a factor counts already and
/// none of its codes was shown; `INVALID_PAYLOAD` where one was, and there is no factor.
pub fn begin(kw: &Keyward, seat: &Seat, actor: &Actor, shown: &Shown) -> Result<Enrolment> {
    let account = account_of(kw, actor)?;
    let claimant = Claimant {
        kw,
        actor,
        account: &account,
    };
    let reservation = claimant.password(seat, &shown.password)?;
    let proven = match &shown.second {
        Some(second) => claimant.second(second, Some(reservation))?,
        None if kw
            .store
            .read(|db| factors::active_of(db, account.id))?
            .is_some() =>
        {
            // The password was right: nobody guessed.
            reservation.given_back()?;
            return Err(on_already());
        }
        None => Proven {
            second: None,
            reservation,
        },
    };
    let secret: [u8; SECRET_BYTES] = kw.entropy.bytes();
    let label = account.label().to_owned();
    let enrolment = totp::enrolment(&secret, &kw.policy.totp_issuer, &label)
        .ok_or_else(|| Error::payload("The account's name is too long for a QR code"))?;
    let id = FactorId(kw.entropy.id(kw.clock.now()));
    let sealed = kw.keys.factors.seal(&context(account.id, id), &secret);
    // Two enrolments that begin at once take turns where the caller is held, and the later one stands.
    let opened = proven.open(actor, move |change, caller, _| {
        let factor = Factor::waiting(id, caller.account.id(), sealed.clone(), change.now);
        Ok(factors::add_pending(change, &factor)?)
    });
    opened.map_err(|error| match error.code {
        // No code was shown, so none is wrong: a factor was switched on meanwhile.
        Code::WrongOtp if shown.second.is_none() => on_already(),
        _ => error,
    })?;
    Ok(enrolment)
}

fn on_already() -> Error {
    Error::new(
        Code::Conflict,
        "A second factor is switched on already. With a code of it as \"otp\" beside the password \
         another one is begun in its place.",
    )
}
