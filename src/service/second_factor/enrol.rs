//! The second factor: enrolled in two steps, shown once, taken away only by who has it
//! (semantics 6). A change of it ends the account's other sessions.

use std::time::Duration;

use crate::crypto::totp::{self, Enrolment, RecoveryCodes, SECRET_BYTES, Typed};
use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::password::Password;
use crate::domain::session::Client;
use crate::lanes::password_lane::Seat;
use crate::service::accounts::profile;
use crate::service::attempts::prove::{
    Prover, context, open_secret, prove_password, prove_second, use_second, wrong_second,
};
use crate::service::audit::record;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::sessions::end::end_others;
use crate::service::standing;
use crate::service::tokens::authenticate::Principal;
use crate::store::{AnyConnection, factors, recovery_codes};
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
    principal: &Principal,
    password: Option<&Password>,
    prover: &Prover,
) -> Result<Enrolment> {
    let account = profile::of(kw, principal)?;
    let now = kw.clock.now();
    let reservation = match password {
        Some(password) => Some(prove_password(kw, seat, &account, password, prover)?),
        None if now <= Timestamp::from_seconds(principal.claims.auth_time) + FRESH => None,
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
    let sealed = kw.factor_sealer.seal(&context(account.id, &id), &secret);
    let session = principal.session();
    kw.store
        .write(move |tx| {
            // One after the other: of two that begin at once the last one waits.
            standing::hold(tx, account.id, session, now)?;
            factors::add_pending(tx, account.id, &id, &sealed, now)?;
            if let Some(reservation) = &reservation {
                reservation.succeeded(tx)?;
            }
            Ok::<_, Error>(())
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
    principal: &Principal,
    code: &SecretString,
    secret: Option<&SecretString>,
    prover: &Prover,
) -> Result<Vec<String>> {
    let account = profile::of(kw, principal)?;
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
    // Counted like every guess: who stole a token must not guess his way to the codes.
    let mut reservation = prover.reserve(kw, &account, active.as_ref())?;
    reservation.guess_code(kw, account.id, &prover.client)?;
    let Some(Typed::Code(code)) = totp::typed(code.expose_secret()) else {
        return Err(wrong_second());
    };
    let step = totp::step_of(&stored, &code, now).ok_or_else(wrong_second)?;
    let codes = RecoveryCodes::make(&kw.entropy);
    let macs = macs(kw, account.id, &codes);
    let keep = principal.session();
    change(
        kw,
        What::FactorEnabled,
        principal,
        &prover.client,
        move |tx, now| {
            if factors::active_of(tx, account.id)?.is_some()
                || !factors::confirm(tx, &pending.id, step, now)?
            {
                return Err(Error::new(
                    Code::Conflict,
                    "A second factor is switched on already.",
                ));
            }
            reservation.taken_back(tx)?;
            recovery_codes::replace(tx, account.id, &macs, now)?;
            end_others(tx, account.id, keep, now)
        },
    )?;
    Ok(codes)
}

/// Takes the factor away.
///
/// `password`: as Keyward's own face has it. The Directus face has a code alone.
///
/// # Errors
/// `INVALID_CREDENTIALS`, `INVALID_OTP`, `ATTEMPTS_EXCEEDED`; `INVALID_PAYLOAD` where
/// there is none.
pub fn disable(
    kw: &Keyward,
    seat: &Seat,
    principal: &Principal,
    password: Option<&Password>,
    second: &SecretString,
    prover: &Prover,
) -> Result<()> {
    let account = profile::of(kw, principal)?;
    let reservation = match password {
        Some(password) => Some(prove_password(kw, seat, &account, password, prover)?),
        None => None,
    };
    let by_password = reservation.is_some();
    let (second, reservation) = prove_second(kw, &account, second, prover, reservation)?;
    let keep = principal.session();
    change(
        kw,
        What::FactorDisabled,
        principal,
        &prover.client,
        move |tx, now| {
            if !use_second(tx, account.id, &second)? {
                return Err(wrong_second());
            }
            if by_password {
                reservation.succeeded(tx)?;
            } else {
                // A code alone says nothing of who guessed at the password.
                reservation.taken_back(tx)?;
            }
            factors::remove_all_of(tx, account.id)?;
            recovery_codes::remove_all_of(tx, account.id)?;
            end_others(tx, account.id, keep, now)
        },
    )
}

/// New recovery codes in the place of the old ones.
///
/// # Errors
/// As [`disable`].
pub fn renew_recovery_codes(
    kw: &Keyward,
    seat: &Seat,
    principal: &Principal,
    password: &Password,
    second: &SecretString,
    prover: &Prover,
) -> Result<Vec<String>> {
    let account = profile::of(kw, principal)?;
    let reservation = prove_password(kw, seat, &account, password, prover)?;
    let (second, reservation) = prove_second(kw, &account, second, prover, Some(reservation))?;
    let codes = RecoveryCodes::make(&kw.entropy);
    let macs = macs(kw, account.id, &codes);
    change(
        kw,
        What::RecoveryCodesRenewed,
        principal,
        &prover.client,
        move |tx, now| {
            if !use_second(tx, account.id, &second)? {
                return Err(wrong_second());
            }
            reservation.succeeded(tx)?;
            recovery_codes::replace(tx, account.id, &macs, now)?;
            Ok(Vec::new())
        },
    )?;
    Ok(codes)
}

fn macs(kw: &Keyward, account: AccountId, codes: &[String]) -> Vec<String> {
    codes
        .iter()
        .map(|code| kw.recovery_codes.mac(account, code))
        .collect()
}

type News = Vec<crate::store::revocations::Entry>;

fn change(
    kw: &Keyward,
    what: What,
    principal: &Principal,
    client: &Client,
    mut write: impl FnMut(&mut AnyConnection, Timestamp) -> Result<News> + Send + 'static,
) -> Result<()> {
    let now = kw.clock.now();
    let (inner, client) = (kw.clone(), client.clone());
    let (account, session) = (principal.account(), principal.session());
    let news = kw.store.write(move |tx| {
        standing::hold(tx, account, session, now)?;
        // The event first: news of revocations must be the last thing written.
        let event = Event::new(what, client.clone());
        record(&inner, tx, &event.of(account).within(session), now)?;
        write(tx, now)
    });
    let news = news.map_err(Error::or_credentials)?;
    kw.learn(&news);
    Ok(())
}
