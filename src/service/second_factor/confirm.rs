//! The second step of an enrolment: a code of the factor that waits switches it on.

use std::time::Duration;

use crate::crypto::totp::{self, RecoveryCodes, Typed};
use crate::domain::event::What;
use crate::domain::session::Method;
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::check_second_factor::{Flaw, form, open_secret, to_caller};
use crate::service::attempts::claimant::reserve_for;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::service::second_factor::own_session::{OwnSession, follow, tokens_of};
use crate::service::second_factor::recovery_codes::macs;
use crate::service::tokens::begin_session::Renewed;
use crate::store::{factors, recovery_codes};
use crate::support::secret::{ExposeSecret as _, SecretString, same};

/// A factor that waits longer for its confirmation is not confirmed any more.
const PENDING: Duration = Duration::from_secs(600);

pub struct Confirmation {
    pub code: SecretString,
    /// As the Directus face has it, the caller says which secret is meant.
    pub secret: Option<SecretString>,
    pub own_session: OwnSession,
}

pub struct Confirmed {
    pub recovery_codes: Vec<String>,
    pub renewed: Option<Renewed>,
}

/// Confirms the factor that waits, by a code of it, which is used up. It comes in the place of the one
/// that counted, where one did. Gives the recovery codes: shown this once.
///
/// # Errors
/// `INVALID_OTP`, `ATTEMPTS_EXCEEDED`; `INVALID_PAYLOAD` where nothing waits (any more).
pub fn confirm(kw: &Keyward, actor: &Actor, typed: &Confirmation) -> Result<Confirmed> {
    let account = account_of(kw, actor)?.id;
    let now = kw.clock.now();
    let pending = kw
        .store
        .read(|db| factors::pending_of(db, account))?
        .filter(|pending| now < pending.created_at + PENDING)
        .ok_or_else(nothing)?;
    let stored = open_secret(kw, &pending)?;
    if let Some(said) = &typed.secret {
        let said = totp::secret_of(said.expose_secret()).unwrap_or_default();
        if !same(&said, &stored) {
            return Err(nothing());
        }
    }
    // What is no code is no guess. Others are counted: who stole a token must not guess his
    // way to the codes.
    let Typed::Code(code) = form(&typed.code).map_err(to_caller)? else {
        return Err(to_caller(Flaw::NoCode.error()));
    };
    let reservation = reserve_for(kw, actor)?;
    let wrong = || to_caller(Flaw::Wrong.error());
    let step = totp::step_of(&stored, &code, now).ok_or_else(wrong)?;
    let codes = RecoveryCodes::make(&kw.entropy);
    let macs = macs(kw, account, &codes);
    let (actor, own_session) = (actor.clone(), typed.own_session);
    let counted = reservation.clone();
    let written = counted.open(move |change| {
        let caller = change.hold_caller(&actor)?;
        // An enrolment beside an active factor was begun with a code of the active factor.
        let what = if factors::remove_active(change, account)? {
            What::FactorReplaced
        } else {
            What::FactorEnabled
        };
        notice::record(change, &actor.event(what))?;
        let now = change.now;
        if !factors::confirm(change, pending.id, step, now)? {
            let message = "A second factor is switched on already.";
            return Err(Error::new(Code::Conflict, message));
        }
        reservation.succeeded(change)?;
        recovery_codes::replace(change, account, &macs, now)?;
        // The password was shown as the secret was, and the code just now.
        follow(
            change,
            caller,
            own_session,
            &[Method::PASSWORD, Method::OTP],
        )
    })?;
    Ok(Confirmed {
        recovery_codes: codes,
        renewed: tokens_of(kw, written)?,
    })
}

fn nothing() -> Error {
    Error::payload("No enrolment waits for this code: begin one")
}
