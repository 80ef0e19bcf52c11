//! Checks the caller's secrets: password and second factor. Sign-in and every change of a
//! credential use it, on the same attempt limits.

use std::sync::Arc;

use crate::crypto::password::hasher::Verdict;
use crate::crypto::totp::{self, Typed};
use crate::domain::account::Account;
use crate::domain::attempt::AttemptOutcome;
use crate::domain::id::{AccountId, FactorId};
use crate::domain::password::{Password, PasswordRecord};
use crate::domain::session::{Client, Method};
use crate::lanes::password_lane::{NotDone, Seat};
use crate::service::actor::Actor;
use crate::service::attempts::budget::{Reservation, keep_seat_for, reserve};
use crate::service::attempts::subject::Subject;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::store::factors::Factor;
use crate::store::{AnyConnection, credentials, factors, recovery_codes, sessions};
use crate::support::secret::{ExposeSecret as _, SecretString};

/// A second factor that was typed and read. It counts once it is used.
#[derive(Clone)]
pub(in crate::service) enum Second {
    Code { factor: FactorId, step: i64 },
    Recovery { mac: String },
}

/// How a session was begun whose owner showed the password, and this beside it (RFC 8176).
pub(in crate::service) const fn methods_of(second: Option<&Second>) -> &'static [Method] {
    match second {
        None => &[Method::PASSWORD],
        Some(Second::Code { .. }) => &[Method::PASSWORD, Method::OTP],
        Some(Second::Recovery { .. }) => &[Method::PASSWORD, Method::RECOVERY],
    }
}

/// Counts an attempt of the actor at a secret of their own account: by the session that their
/// sign-in began, whatever was entered from it since, and by nothing that a sign-in of the account
/// needs.
///
/// # Errors
/// As [`reserve`].
pub(in crate::service) fn reserve_for(kw: &Keyward, actor: &Actor) -> Result<Reservation> {
    let id = actor.session();
    let session = kw.store.read(|db| sessions::lookup(db, id))?;
    let signed_in = session.map_or(id, |(session, _)| session.signed_in());
    reserve(kw, &Subject::Session(signed_in), &actor.client, false)
}

/// Compares a password with a record, on the password lane.
pub(in crate::service) fn verify(
    kw: &Keyward,
    seat: &Seat,
    password: &Password,
    stored: Option<&PasswordRecord>,
    reservation: &Reservation,
) -> Result<Verdict> {
    let (hasher, password) = (Arc::clone(&kw.hasher), password.clone());
    let stored = stored.cloned();
    let verdict = seat
        .run(move || hasher.verify(&password, stored.as_ref()))
        .map_err(|NotDone| not_done(kw, reservation))?;
    if verdict == Verdict::PepperMissing {
        // Nobody can say whether it is right: never "wrong password", never unpeppered.
        reservation.given_back(kw)?;
        return Err(Error::defect(
            "a password record was made with a pepper that is not here",
        ));
    }
    if verdict == Verdict::NoMemory {
        return Err(not_done(kw, reservation));
    }
    Ok(verdict)
}

/// The lane did not get to a job of this attempt, so nothing was found wrong with it:
/// counted as a failure, it would make a lock-out of overload (semantics 5).
pub(in crate::service) fn not_done(kw: &Keyward, reservation: &Reservation) -> Error {
    if let Err(error) = reservation.given_back(kw) {
        log::warn!("an attempt that was not looked at stays counted: {error}");
    }
    Error::busy("the password lane gave up on a job")
}

/// Why a second factor is refused. Who hears of it has proved the password, or is signed
/// in: the four are four things to a person, and one to who guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum Flaw {
    Missing,
    /// No code by its form: no guess, so none is counted.
    NoCode,
    Wrong,
    Used,
}

/// What a sign-in brought as a second factor, read.
pub(in crate::service) enum SecondFactor {
    NotNeeded,
    Given(Second),
    Refused(Flaw),
}

impl Flaw {
    /// In the record of attempts.
    pub(in crate::service) const fn outcome(self) -> AttemptOutcome {
        match self {
            Self::Missing => AttemptOutcome::MissingOtp,
            Self::NoCode => AttemptOutcome::NotACode,
            Self::Wrong => AttemptOutcome::WrongOtp,
            Self::Used => AttemptOutcome::UsedOtp,
        }
    }

    pub(in crate::service) fn error(self) -> Error {
        let words = match self {
            Self::Missing => {
                "Invalid user OTP. A second factor is switched on: send a code of it as \"otp\"."
            }
            Self::NoCode => {
                "Invalid user OTP. It is no code: the authenticator shows six digits, and a \
                 recovery code has sixteen letters and digits."
            }
            Self::Wrong => {
                "Invalid user OTP. The code is wrong: check the clock of the authenticator, \
                 or take the next code."
            }
            Self::Used => "Invalid user OTP. The code was used already: wait for the next one.",
        };
        Error::new(Code::InvalidOtp, words)
    }
}

/// What was typed as a second factor, by its form alone: without a look at the account,
/// and without a count.
///
/// # Errors
/// `INVALID_OTP` where it is no code.
pub(in crate::service) fn form(text: &SecretString) -> Result<Typed> {
    totp::typed(text.expose_secret()).ok_or_else(|| Flaw::NoCode.error())
}

/// Counts what was typed as a second factor of this account, and reads it. `None` is a
/// wrong one.
///
/// # Errors
/// `ATTEMPTS_EXCEEDED`: too many codes were wrong; this one was not looked at.
pub(in crate::service) fn read_second(
    kw: &Keyward,
    account: AccountId,
    factor: &Factor,
    typed: &Typed,
    client: &Client,
    reservation: &mut Reservation,
) -> Result<Option<Second>> {
    reservation.guess_code(kw, account, client)?;
    Ok(match typed {
        Typed::Recovery(code) => Some(Second::Recovery {
            mac: kw.keys.recovery_codes.mac(account, code),
        }),
        Typed::Code(code) => {
            let secret = open_secret(kw, account, factor)?;
            totp::step_of(&secret, code, kw.clock.now()).map(|step| Second::Code {
                factor: factor.id,
                step,
            })
        }
    })
}

/// Uses it up.
///
/// # Errors
/// `INVALID_OTP` where it was used before. Of a used recovery code nothing is kept, so it
/// is told as a wrong one.
pub(in crate::service) fn use_second(
    tx: &mut AnyConnection,
    account: AccountId,
    second: &Second,
) -> Result<()> {
    let (done, flaw) = match second {
        Second::Code { factor, step } => (factors::use_step(tx, *factor, *step)?, Flaw::Used),
        Second::Recovery { mac } => (recovery_codes::consume(tx, account, mac)?, Flaw::Wrong),
    };
    if done { Ok(()) } else { Err(flaw.error()) }
}

pub(in crate::service) fn open_secret(
    kw: &Keyward,
    account: AccountId,
    factor: &Factor,
) -> Result<zeroize::Zeroizing<Vec<u8>>> {
    kw.keys
        .factors
        .open(&context(account, factor.id), &factor.sealed)
        .ok_or_else(|| {
            Error::defect(
                "a second factor can not be opened: KEYWARD_SECRET is not the one it was made with",
            )
        })
}

/// What a sealed secret is bound to: moved to another row, it stays shut.
pub(in crate::service) fn context(account: AccountId, factor: FactorId) -> String {
    format!("{account}/{factor}")
}

/// What a signed-in caller typed is no code, or not the one: the token is good, so it is
/// told apart from a sign-in that failed.
#[must_use]
pub(in crate::service) fn to_caller(mut error: Error) -> Error {
    if error.code == Code::InvalidOtp {
        error.code = Code::WrongOtp;
    }
    error
}

/// The caller's own password, once more. The reservation is still to be released by
/// the transaction that the proof is for.
///
/// # Errors
/// `WRONG_PASSWORD`, `ATTEMPTS_EXCEEDED`, `SERVICE_UNAVAILABLE`.
pub(in crate::service) fn prove_password(
    kw: &Keyward,
    seat: &Seat,
    account: &Account,
    password: &Password,
    actor: &Actor,
) -> Result<Reservation> {
    let stored = kw.store.read(|db| credentials::lookup(db, account.id))?;
    keep_seat_for(kw, seat, actor)?;
    let reservation = reserve_for(kw, actor)?;
    match (
        verify(kw, seat, password, stored.as_ref(), &reservation)?,
        stored,
    ) {
        (Verdict::Match, Some(record)) => Ok(reservation.proved_by(account.id, record)),
        _ => Err(Error::wrong_password()),
    }
}

/// The caller's second factor, once more.
///
/// # Errors
/// `INVALID_OTP`, `ATTEMPTS_EXCEEDED`, `SERVICE_UNAVAILABLE`; `INVALID_PAYLOAD` where
/// the account has none.
pub(in crate::service) fn prove_second(
    kw: &Keyward,
    account: &Account,
    text: &SecretString,
    actor: &Actor,
    reservation: Option<Reservation>,
) -> Result<(Second, Reservation)> {
    let factor = kw.store.read(|db| factors::active_of(db, account.id))?;
    let factor = factor.ok_or_else(|| Error::payload("A second factor is not switched on"))?;
    let typed = match (form(text), &reservation) {
        // The password was right, and nobody guessed at a code.
        (Err(no_code), Some(reservation)) => {
            reservation.given_back(kw)?;
            return Err(to_caller(no_code));
        }
        (typed, _) => typed.map_err(to_caller)?,
    };
    let mut reservation = match reservation {
        Some(reservation) => reservation,
        None => reserve_for(kw, actor)?,
    };
    let client = &actor.client;
    let second = read_second(kw, account.id, &factor, &typed, client, &mut reservation)?;
    second
        .map(|second| (second, reservation))
        .ok_or_else(|| to_caller(Flaw::Wrong.error()))
}
