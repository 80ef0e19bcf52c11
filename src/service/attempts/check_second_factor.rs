//! Checks a second factor: at a sign-in (`sessions/login.rs`), and of who is signed in
//! (`claimant.rs`), on the same attempt limits. It is read, then used up in the transaction of what it
//! permits.

use crate::crypto::totp::{self, Typed};
use crate::domain::attempt_outcome::AttemptOutcome;
use crate::domain::event::{Event, What};
use crate::domain::id::{AccountId, FactorId};
use crate::domain::session::Method;
use crate::service::actor::Actor;
use crate::service::attempts::guess_budget::Reservation;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::store::factors::Factor;
use crate::store::{self, factors, recovery_codes};
use crate::support::secret::{ExposeSecret as _, SecretString};

/// A second factor that was typed and read. It counts once it is used.
#[derive(Clone)]
pub(in crate::service) enum Second {
    Code { factor: FactorId, step: i64 },
    Recovery { account: AccountId, mac: String },
}

/// How a session was begun whose owner showed the password, and this beside it (RFC 8176).
pub(in crate::service) const fn methods_of(second: Option<&Second>) -> &'static [Method] {
    match second {
        None => &[Method::PASSWORD],
        Some(Second::Code { .. }) => &[Method::PASSWORD, Method::OTP],
        Some(Second::Recovery { .. }) => &[Method::PASSWORD, Method::RECOVERY],
    }
}

impl Reservation {
    /// Counts what was typed as this second factor, and reads it. `None` is a wrong one.
    ///
    /// # Errors
    /// `ATTEMPTS_EXCEEDED`: too many codes were wrong; this one was not looked at.
    pub(in crate::service) fn read_second(
        &mut self,
        factor: &Factor,
        typed: &Typed,
    ) -> Result<Option<Second>> {
        self.guess_code(factor.account)?;
        let kw = &self.kw;
        Ok(match typed {
            Typed::Recovery(code) => Some(Second::Recovery {
                account: factor.account,
                mac: kw.keys.recovery_codes.mac(factor.account, code),
            }),
            Typed::Code(code) => {
                let secret = open_secret(kw, factor)?;
                totp::step_of(&secret, code, kw.clock.now()).map(|step| Second::Code {
                    factor: factor.id,
                    step,
                })
            }
        })
    }
}

/// Why a second factor is refused. Who hears of it has proved the password, or is signed
/// in: the five are five things to a person, and one to who guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum Flaw {
    Missing,
    /// No code by its form: no guess, so none is counted.
    NoCode,
    Wrong,
    /// Of a used recovery code nothing is kept, so a used one and a wrong one are the same.
    NoRecoveryCode,
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
            Self::Wrong | Self::NoRecoveryCode => AttemptOutcome::WrongOtp,
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
            // No clock makes it.
            Self::NoRecoveryCode => {
                "Invalid user OTP. The recovery code is wrong or used: take another of your recovery \
                 codes."
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

/// Why an act that a second factor is for did not take place.
pub(in crate::service) enum NotUsed {
    /// It is none, by this flaw: the caller of the act words and records it.
    Refused(Flaw),
    Failed(Error),
}

impl From<Error> for NotUsed {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<store::Error> for NotUsed {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl store::Transient for NotUsed {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is_transient())
    }

    fn said_by_database(&self) -> Option<String> {
        match self {
            Self::Refused(_) => None,
            Self::Failed(error) => error.said_by_database(),
        }
    }
}

/// Uses it up. A recovery code is told to the owner by this event: here, so that no act can forget it.
///
/// # Errors
/// The flaw, where it was used before.
pub(in crate::service) fn use_second(
    change: &mut Change<'_>,
    second: &Second,
    recovery_code_used: &Event,
) -> Result<(), NotUsed> {
    match second {
        Second::Code { factor, step } => {
            let done = factors::use_step(change, *factor, *step)?;
            done.then_some(()).ok_or(NotUsed::Refused(Flaw::Used))
        }
        Second::Recovery { account, mac } => {
            if !recovery_codes::consume(change, *account, mac)? {
                return Err(NotUsed::Refused(Flaw::NoRecoveryCode));
            }
            Ok(notice::record(change, recovery_code_used)?)
        }
    }
}

/// The same of a signed-in caller.
///
/// # Errors
/// As [`use_second`], in the words of [`to_caller`].
pub(in crate::service) fn use_second_of_caller(
    change: &mut Change<'_>,
    actor: &Actor,
    second: &Second,
) -> Result<()> {
    let told = actor.event(What::RecoveryCodeUsed);
    use_second(change, second, &told).map_err(|refused| match refused {
        NotUsed::Refused(flaw) => to_caller(flaw.error()),
        NotUsed::Failed(error) => error,
    })
}

pub(in crate::service) fn open_secret(
    kw: &Keyward,
    factor: &Factor,
) -> Result<zeroize::Zeroizing<Vec<u8>>> {
    kw.keys
        .factors
        .open(&context(factor.account, factor.id), &factor.sealed)
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
