//! A signed-in caller who shows once more who they are, before what they have is changed.

use crate::crypto::password::hasher::Verdict;
use crate::domain::account::Account;
use crate::domain::password::Password;
use crate::domain::session::Method;
use crate::lanes::password_lane::Seat;
use crate::service::actor::Actor;
use crate::service::attempts::check_second_factor::{
    Flaw, Second, form, methods_of, to_caller, use_second_of_caller,
};
use crate::service::attempts::counter_keys::Subject;
use crate::service::attempts::guess_budget::{Reservation, keep_seat_for, reserve};
use crate::service::change::{Caller, Change};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::refusal_reason::Reason;
use crate::store::{credentials, factors, sessions};
use crate::support::secret::SecretString;

/// The caller, and the account as it was read for this request.
pub(in crate::service) struct Claimant<'a> {
    pub(in crate::service) kw: &'a Keyward,
    pub(in crate::service) actor: &'a Actor,
    pub(in crate::service) account: &'a Account,
}

/// What a claimant has shown. It counts once the transaction that it is for has used it up.
pub(in crate::service) struct Proven {
    pub(in crate::service) second: Option<Second>,
    pub(in crate::service) reservation: Reservation,
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

impl Claimant<'_> {
    /// The caller's own password, once more. The reservation is still to be released by
    /// the transaction that the proof is for.
    ///
    /// # Errors
    /// `WRONG_PASSWORD`, `ATTEMPTS_EXCEEDED`, `SERVICE_UNAVAILABLE`.
    pub(in crate::service) fn password(
        &self,
        seat: &Seat,
        password: &Password,
    ) -> Result<Reservation> {
        let (kw, id) = (self.kw, self.account.id);
        let stored = kw.store.read(|db| credentials::lookup(db, id))?;
        keep_seat_for(kw, seat, self.actor)?;
        let reservation = reserve_for(kw, self.actor)?;
        match (
            reservation.compare(seat, password, stored.as_ref())?,
            stored,
        ) {
            (Verdict::Match, Some(record)) => Ok(reservation.proved_by(id, record)),
            _ => Err(Error::wrong_password()),
        }
    }

    /// The caller's second factor, once more; beside a password, within its reservation.
    ///
    /// # Errors
    /// `INVALID_OTP`, `ATTEMPTS_EXCEEDED`, `SERVICE_UNAVAILABLE`; `INVALID_PAYLOAD` where
    /// the account has none.
    pub(in crate::service) fn second(
        &self,
        text: &SecretString,
        reservation: Option<Reservation>,
    ) -> Result<Proven> {
        let factor = self
            .kw
            .store
            .read(|db| factors::active_of(db, self.account.id))?;
        let factor = factor.ok_or_else(|| Error::payload("A second factor is not switched on"))?;
        let typed = match (form(text), &reservation) {
            // The password was right, and nobody guessed at a code.
            (Err(no_code), Some(reservation)) => {
                reservation.given_back()?;
                return Err(to_caller(no_code));
            }
            (typed, _) => typed.map_err(to_caller)?,
        };
        let mut reservation = match reservation {
            Some(reservation) => reservation,
            None => reserve_for(self.kw, self.actor)?,
        };
        let second = reservation.read_second(&factor, &typed)?;
        let second = second.ok_or_else(|| to_caller(Flaw::Wrong.error()))?;
        Ok(Proven {
            second: Some(second),
            reservation,
        })
    }

    /// What a change of credentials asks: the password, and a code where a second factor is on. A
    /// code beside an account without a factor is passed over, as at a sign-in (D-15).
    ///
    /// # Errors
    /// `INVALID_PAYLOAD` where a code is needed, and then nothing is counted; `WRONG_PASSWORD`,
    /// `INVALID_OTP`, `ATTEMPTS_EXCEEDED`, `SERVICE_UNAVAILABLE`.
    pub(in crate::service) fn both(
        &self,
        seat: &Seat,
        password: &Password,
        otp: Option<&SecretString>,
    ) -> Result<Proven> {
        let factor = self
            .kw
            .store
            .read(|db| factors::active_of(db, self.account.id))?;
        let otp = otp.filter(|_| factor.is_some());
        if factor.is_some() && otp.is_none() {
            let words = "\"otp\" is required: a code of your second factor, or a recovery code";
            return Err(Error::payload_for(Reason::OtpNeeded, words));
        }
        let reservation = self.password(seat, password)?;
        match otp {
            None => Ok(Proven {
                second: None,
                reservation,
            }),
            Some(otp) => self.second(otp, Some(reservation)),
        }
    }
}

impl Proven {
    pub(in crate::service) const fn methods(&self) -> &'static [Method] {
        methods_of(self.second.as_ref())
    }

    /// Runs the act that this was shown for, in one transaction with the caller held, and uses up what
    /// was shown: first, so that no act can forget it. A password that was changed since it was compared
    /// is a wrong one.
    ///
    /// # Errors
    /// `INVALID_OTP` where the code was used before, or a factor was switched on meanwhile.
    pub(in crate::service) fn open<T: Send + 'static>(
        self,
        actor: &Actor,
        mut act: impl for<'t> FnMut(&mut Change<'t>, Caller<'t, '_>, &Self) -> Result<T>
        + Send
        + 'static,
    ) -> Result<T> {
        let (actor, reservation) = (actor.clone(), self.reservation.clone());
        let opened = reservation.open(move |change| {
            let caller = change.hold_caller(&actor)?;
            self.use_up(change, caller)?;
            act(change, caller, &self)
        });
        opened.map_err(Error::or_wrong_password)
    }

    fn use_up<'t>(&self, change: &mut Change<'t>, caller: Caller<'t, '_>) -> Result<()> {
        let account = caller.account.id();
        match &self.second {
            Some(second) => use_second_of_caller(change, caller.actor, second)?,
            None if factors::active_of(change, account)?.is_some() => {
                return Err(to_caller(Flaw::Missing.error()));
            }
            None => {}
        }
        self.reservation.succeeded(change)
    }
}
