//! Proving it again: the caller's password, and the second factor. What sign-in and
//! every change of a credential share, on the same two budgets of attempts.

use std::sync::Arc;

use crate::crypto::password::hasher::Verdict;
use crate::crypto::totp::{self, Typed};
use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::password::Password;
use crate::domain::session::Client;
use crate::lanes::password_lane::{NotDone, Seat};
use crate::service::attempts::budget::{Reservation, Subject, keep_seat, reserve};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::store::factors::Stored;
use crate::store::{AnyConnection, credentials, factors, recovery_codes};
use crate::support::secret::{ExposeSecret as _, SecretString};

/// Who proves a secret of their account once more: from where, and with the mark of a
/// browser that signed in before, so that strangers can not keep its owner from it (B14).
#[derive(Default)]
pub struct Prover {
    pub client: Client,
    pub device: Option<String>,
}

/// A second factor that was typed and read. It counts once it is used.
#[derive(Clone)]
pub(in crate::service) enum Second {
    Code { factor: String, step: i64 },
    Recovery { mac: String },
}

impl Prover {
    /// Counts an attempt of theirs, as a sign-in is counted.
    ///
    /// # Errors
    /// As [`reserve`].
    pub(in crate::service) fn reserve(
        &self,
        kw: &Keyward,
        account: &Account,
        factor: Option<&Stored>,
    ) -> Result<Reservation> {
        let subject = Subject::of(kw, account, factor, self.device.as_deref());
        reserve(kw, &subject, &self.client)
    }
}

/// Compares a password with a record, on the password lane.
pub(in crate::service) fn verify(
    kw: &Keyward,
    seat: &Seat,
    password: &Password,
    stored: Option<&str>,
    reservation: &Reservation,
) -> Result<Verdict> {
    let (hasher, password) = (Arc::clone(&kw.hasher), password.clone());
    let stored = stored.map(str::to_owned);
    let verdict = seat
        .run(move || hasher.verify(&password, stored.as_deref()))
        .map_err(|NotDone| not_done(kw, reservation))?;
    if verdict == Verdict::PepperMissing {
        // Nobody can say whether it is right: never "wrong password", never unpeppered.
        log::error!("a password record was made with a pepper that is not here");
        reservation.given_back(kw)?;
        return Err(Error::busy("pepper missing"));
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

/// Counts what was typed as a second factor of this account, and reads it. `None` is a
/// wrong one.
///
/// # Errors
/// `ATTEMPTS_EXCEEDED`: too many codes were wrong; this one was not looked at.
pub(in crate::service) fn read_second(
    kw: &Keyward,
    account: AccountId,
    factor: &Stored,
    text: &SecretString,
    client: &Client,
    reservation: &mut Reservation,
) -> Result<Option<Second>> {
    reservation.guess_code(kw, account, client)?;
    Ok(match totp::typed(text.expose_secret()) {
        None => None,
        Some(Typed::Recovery(code)) => Some(Second::Recovery {
            mac: kw.recovery_codes.mac(account, &code),
        }),
        Some(Typed::Code(code)) => {
            let secret = open_secret(kw, account, factor)?;
            totp::step_of(&secret, &code, kw.clock.now()).map(|step| Second::Code {
                factor: factor.id.clone(),
                step,
            })
        }
    })
}

/// Uses it up: false where it was used before.
pub(in crate::service) fn use_second(
    tx: &mut AnyConnection,
    account: AccountId,
    second: &Second,
) -> Result<bool> {
    Ok(match second {
        Second::Code { factor, step } => factors::use_step(tx, factor, *step)?,
        Second::Recovery { mac } => recovery_codes::consume(tx, account, mac)?,
    })
}

pub(in crate::service) fn open_secret(
    kw: &Keyward,
    account: AccountId,
    factor: &Stored,
) -> Result<zeroize::Zeroizing<Vec<u8>>> {
    kw.factor_sealer
        .open(&context(account, &factor.id), &factor.sealed)
        .ok_or_else(|| {
            Error::busy(
                "a second factor can not be opened: KEYWARD_SECRET is not the one it was made with",
            )
        })
}

/// What a sealed secret is bound to: moved to another row, it stays shut.
pub(in crate::service) fn context(account: AccountId, factor: &str) -> String {
    format!("{account}/{factor}")
}

#[must_use]
pub(in crate::service) fn wrong_second() -> Error {
    Error::new(Code::InvalidOtp, "Invalid user OTP.")
}

/// The caller's own password, once more. The reservation is still to be released by
/// the transaction that the proof is for.
///
/// # Errors
/// `INVALID_CREDENTIALS`, `ATTEMPTS_EXCEEDED`, `SERVICE_UNAVAILABLE`.
pub(in crate::service) fn prove_password(
    kw: &Keyward,
    seat: &Seat,
    account: &Account,
    password: &Password,
    prover: &Prover,
) -> Result<Reservation> {
    let (stored, factor) = kw.store.read(|db| {
        let stored = credentials::lookup(db, account.id)?;
        Ok::<_, Error>((stored, factors::active_of(db, account.id)?))
    })?;
    let subject = Subject::of(kw, account, factor.as_ref(), prover.device.as_deref());
    keep_seat(kw, seat, &subject)?;
    let reservation = reserve(kw, &subject, &prover.client)?;
    match (
        verify(kw, seat, password, stored.as_deref(), &reservation)?,
        stored,
    ) {
        (Verdict::Match, Some(record)) => Ok(reservation.proved_by(account.id, record)),
        _ => Err(Error::credentials()),
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
    prover: &Prover,
    reservation: Option<Reservation>,
) -> Result<(Second, Reservation)> {
    let factor = kw.store.read(|db| factors::active_of(db, account.id))?;
    let factor = factor.ok_or_else(|| Error::payload("A second factor is not switched on"))?;
    let mut reservation = match reservation {
        Some(reservation) => reservation,
        None => prover.reserve(kw, account, Some(&factor))?,
    };
    let client = &prover.client;
    let second = read_second(kw, account.id, &factor, text, client, &mut reservation)?;
    second
        .map(|second| (second, reservation))
        .ok_or_else(wrong_second)
}
