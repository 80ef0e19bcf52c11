//! Checks a second factor: at a sign-in (`sessions/login.rs`), and of who is signed in
//! (`claimant.rs`), on the same attempt limits. It is read, then used up in the transaction of what it
//! permits.

use crate::crypto::totp::{self, Typed};
use crate::domain::attempt_outcome::AttemptOutcome;
use crate::domain::id::{AccountId, FactorId};
use crate::domain::session::Method;
use crate::service::attempts::guess_budget::Reservation;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::store::factors::Factor;
use crate::store::{AnyConnection, factors, recovery_codes};
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
