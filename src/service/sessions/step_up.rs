//! Showing again, or better, who one is, within a session that goes on (RFC 9470).

use crate::domain::event::What;
use crate::domain::password::Password;
use crate::domain::session::{Authentication, Session};
use crate::lanes::password_lane::Seat;
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::check_second_factor::{Second, methods_of};
use crate::service::attempts::claimant::{Claimant, Proven};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::mint::{TokenSet, bearer_of, mint};
use crate::store::sessions;
use crate::support::clock::Timestamp;
use crate::support::secret::SecretString;

/// What is shown: the password, with a code where a second factor is on, as at a sign-in; or a
/// code alone, which raises the level and leaves the time of the sign-in as it is.
pub struct Shown {
    pub password: Option<Password>,
    pub otp: Option<SecretString>,
}

/// A new access token of the same session and generation: its refresh tokens stay good. What is
/// wrong is counted by the session (decision 0047) and ends nothing.
///
/// # Errors
/// `INVALID_PAYLOAD` where nothing is shown, or no code where one is needed; `WRONG_PASSWORD`,
/// `INVALID_OTP`, `ATTEMPTS_EXCEEDED`, `INVALID_TOKEN`, `SERVICE_UNAVAILABLE`.
pub fn step_up(kw: &Keyward, seat: &Seat, actor: &Actor, shown: &Shown) -> Result<TokenSet> {
    let account = account_of(kw, actor)?;
    let claimant = Claimant {
        kw,
        actor,
        account: &account,
    };
    let proven = prove(&claimant, seat, shown)?;
    let with_password = shown.password.is_some();
    let (bearer, now) = proven.open(actor, move |change, caller, proven| {
        let (actor, now) = (caller.actor, change.now);
        let found = sessions::lookup(change, actor.session())?;
        let (mut session, account) = found.ok_or_else(Error::token)?;
        session.authentication = raised(&session, with_password, proven.second.as_ref(), now);
        if !sessions::authenticate(change, session.id, &session.authentication)? {
            return Err(Error::token());
        }
        change.record(&actor.event(What::SteppedUp))?;
        Ok((bearer_of(change, session, account)?, now))
    })?;
    mint(kw, bearer, now)
}

fn prove(claimant: &Claimant<'_>, seat: &Seat, shown: &Shown) -> Result<Proven> {
    match (&shown.password, &shown.otp) {
        (Some(password), otp) => claimant.both(seat, password, otp.as_ref()),
        (None, Some(otp)) => claimant.second(otp, None),
        (None, None) => Err(Error::payload(
            "\"password\" is required, or \"otp\" where the password was shown in this session",
        )),
    }
}

fn raised(
    session: &Session,
    with_password: bool,
    second: Option<&Second>,
    now: Timestamp,
) -> Authentication {
    let old = &session.authentication;
    let level = if second.is_some() { 2 } else { old.level };
    if with_password {
        return Authentication {
            // A password is enough where no factor is on, and what stood on one is over.
            methods: methods_of(second).to_vec(),
            level: if second.is_some() { 2 } else { 1 },
            at: now,
        };
    }
    let mut methods = old.methods.clone();
    for method in methods_of(second) {
        if !methods.contains(method) {
            methods.push(method.clone());
        }
    }
    Authentication {
        methods,
        level,
        at: old.at,
    }
}
