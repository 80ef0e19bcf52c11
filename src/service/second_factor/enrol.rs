//! The second factor: enrolled in two steps, shown once, taken away only by who has it
//! (semantics 6). A change of it ends the account's other sessions.

use std::time::Duration;

use crate::crypto::totp::{self, Enrolment, RecoveryCodes, SECRET_BYTES, Typed};
use crate::domain::event::What;
use crate::domain::id::AccountId;
use crate::domain::password::Password;
use crate::lanes::password_lane::Seat;
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::budget::Reservation;
use crate::service::attempts::prove::{
    Flaw, Second, context, form, open_secret, prove_password, prove_second, reserve_for, use_second,
};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::store::{factors, recovery_codes};
use crate::support::clock::Timestamp;
use crate::support::secret::{ExposeSecret as _, SecretString, same};

/// A caller who signed in so lately need not type the password again.
const FRESH: Duration = Duration::from_secs(300);

/// A factor that waits longer for its confirmation is not confirmed any more.
const PENDING: Duration = Duration::from_secs(600);

/// Begins an enrolment: a secret that waits, beside a factor that may count already.
///
/// # Errors
/// `INVALID_CREDENTIALS` without the password, where the sign-in is not fresh;
/// `CONFLICT` where a factor counts already.
pub fn begin(
    kw: &Keyward,
    seat: &Seat,
    actor: &Actor,
    password: Option<&Password>,
) -> Result<Enrolment> {
    let account = account_of(kw, actor)?;
    let now = kw.clock.now();
    let reservation = match password {
        Some(password) => Some(prove_password(kw, seat, &account, password, actor)?),
        None if now <= Timestamp::from_seconds(actor.claims().auth_time) + FRESH => None,
        None => return Err(Error::credentials()),
    };
    let on = kw.store.read(|db| factors::active_of(db, account.id))?;
    if on.is_some() {
        // The password was right: nobody guessed.
        if let Some(reservation) = &reservation {
            reservation.given_back(kw)?;
        }
        let message = "A second factor is switched on already.";
        return Err(Error::new(Code::Conflict, message));
    }
    let secret: [u8; SECRET_BYTES] = kw.entropy.bytes();
    let label = account.label().to_owned();
    let enrolment = totp::enrolment(&secret, &kw.policy.totp_issuer, &label)
        .ok_or_else(|| Error::payload("The account's name is too long for a QR code"))?;
    let id = kw.entropy.id(now).to_string();
    let sealed = kw.keys.factors.seal(&context(account.id, &id), &secret);
    let actor = actor.clone();
    kw.change(move |change| {
        // Two enrolments that begin at once take turns here, and the later one stands.
        change.hold_caller(&actor)?;
        let now = change.now;
        factors::add_pending(change, actor.account(), &id, &sealed, now)?;
        if let Some(reservation) = &reservation {
            reservation.succeeded(change)?;
        }
        Ok(())
    })
    .map_err(Error::or_credentials)?;
    Ok(enrolment)
}

/// Confirms the factor that waits, by a code of it, which is used up. Gives the
/// recovery codes: shown this once.
///
/// `secret`: as the Directus face has it, the caller says which secret is meant.
///
/// # Errors
/// `INVALID_OTP`, `ATTEMPTS_EXCEEDED`; `INVALID_PAYLOAD` where nothing waits (any more).
pub fn confirm(
    kw: &Keyward,
    actor: &Actor,
    code: &SecretString,
    secret: Option<&SecretString>,
) -> Result<Vec<String>> {
    let account = account_of(kw, actor)?;
    let now = kw.clock.now();
    let nothing = || Error::payload("No enrolment waits for this code: begin one");
    let (pending, active) = kw.store.read(|db| {
        let pending = factors::pending_of(db, account.id)?;
        Ok::<_, Error>((pending, factors::active_of(db, account.id)?))
    })?;
    let pending = pending
        .filter(|pending| now < pending.created_at + PENDING)
        .ok_or_else(nothing)?;
    let stored = open_secret(kw, account.id, &pending)?;
    if let Some(said) = secret {
        let said = totp::secret_of(said.expose_secret()).unwrap_or_default();
        if !same(&said, &stored) {
            return Err(nothing());
        }
    }
    let Typed::Code(code) = form(code)? else {
        return Err(Flaw::NoCode.error());
    };
    // Counted like every guess: who stole a token must not guess his way to the codes.
    let mut reservation = reserve_for(kw, actor, &account, active.as_ref())?;
    reservation.guess_code(kw, account.id, &actor.client)?;
    let step = totp::step_of(&stored, &code, now).ok_or_else(|| Flaw::Wrong.error())?;
    let codes = RecoveryCodes::make(&kw.entropy);
    let macs = macs(kw, account.id, &codes);
    change(kw, What::FactorEnabled, actor, move |change, actor| {
        let now = change.now;
        if factors::active_of(change, actor.account())?.is_some()
            || !factors::confirm(change, &pending.id, step, now)?
        {
            return Err(Error::new(
                Code::Conflict,
                "A second factor is switched on already.",
            ));
        }
        reservation.taken_back(change)?;
        recovery_codes::replace(change, actor.account(), &macs, now)?;
        change.end_others(actor.account(), actor.session())
    })?;
    Ok(codes)
}

/// What the caller typed to prove who they are: the password, and the second factor.
pub struct Proof {
    /// Keyward's own routes ask for it. The Directus face has a code alone.
    pub password: Option<Password>,
    pub second: SecretString,
}

/// Takes the factor away.
///
/// # Errors
/// `INVALID_CREDENTIALS`, `INVALID_OTP`, `ATTEMPTS_EXCEEDED`; `INVALID_PAYLOAD` where
/// there is none.
pub fn remove(kw: &Keyward, seat: &Seat, actor: &Actor, proof: &Proof) -> Result<()> {
    let by_password = proof.password.is_some();
    let (second, reservation) = prove(kw, seat, actor, proof)?;
    change(kw, What::FactorDisabled, actor, move |change, actor| {
        use_second(change, actor.account(), &second)?;
        if by_password {
            reservation.succeeded(change)?;
        } else {
            // A code alone says nothing of who guessed at the password.
            reservation.taken_back(change)?;
        }
        factors::remove_all_of(change, actor.account())?;
        recovery_codes::remove_all_of(change, actor.account())?;
        change.end_others(actor.account(), actor.session())
    })
}

/// New recovery codes in the place of the old ones.
///
/// # Errors
/// As [`remove`].
pub fn renew_recovery_codes(
    kw: &Keyward,
    seat: &Seat,
    actor: &Actor,
    proof: &Proof,
) -> Result<Vec<String>> {
    let (second, reservation) = prove(kw, seat, actor, proof)?;
    let codes = RecoveryCodes::make(&kw.entropy);
    let macs = macs(kw, actor.account(), &codes);
    change(
        kw,
        What::RecoveryCodesRenewed,
        actor,
        move |change, actor| {
            use_second(change, actor.account(), &second)?;
            reservation.succeeded(change)?;
            let now = change.now;
            recovery_codes::replace(change, actor.account(), &macs, now)?;
            Ok(())
        },
    )?;
    Ok(codes)
}

/// Checks the password, where one is asked for, and reads the second factor.
fn prove(kw: &Keyward, seat: &Seat, actor: &Actor, proof: &Proof) -> Result<(Second, Reservation)> {
    let account = account_of(kw, actor)?;
    let reservation = match &proof.password {
        Some(password) => Some(prove_password(kw, seat, &account, password, actor)?),
        None => None,
    };
    prove_second(kw, &account, &proof.second, actor, reservation)
}

fn macs(kw: &Keyward, account: AccountId, codes: &[String]) -> Vec<String> {
    codes
        .iter()
        .map(|code| kw.keys.recovery_codes.mac(account, code))
        .collect()
}

/// The frame of every change: the caller held, and the event recorded.
fn change(
    kw: &Keyward,
    what: What,
    actor: &Actor,
    mut write: impl FnMut(&mut Change<'_>, &Actor) -> Result<()> + Send + 'static,
) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        let event = actor.event(what);
        change.record(&event)?;
        notice::of_event(change, &event)?;
        write(change, &actor)
    })
    .map_err(Error::or_credentials)
}
