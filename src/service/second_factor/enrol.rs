//! The second factor, enrolled in two steps (semantics 6): here the first, which shows the
//! secret, this once.

use crate::crypto::totp::{self, Enrolment, SECRET_BYTES};
use crate::domain::id::FactorId;
use crate::domain::password::Password;
use crate::lanes::password_lane::Seat;
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::claimant::Claimant;
use crate::service::attempts::prove::context;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::store::factors::{self, Factor};

/// Begins an enrolment: a secret that waits, beside a factor that may count already. It
/// takes the password, always: who stole a token a minute after the sign-in must not lock
/// its owner out with it (M4).
///
/// # Errors
/// `WRONG_PASSWORD`, `ATTEMPTS_EXCEEDED`; `CONFLICT` where a factor counts already.
pub fn begin(kw: &Keyward, seat: &Seat, actor: &Actor, password: &Password) -> Result<Enrolment> {
    let account = account_of(kw, actor)?;
    let claimant = Claimant {
        kw,
        actor,
        account: &account,
    };
    let reservation = claimant.password(seat, password)?;
    let on = kw.store.read(|db| factors::active_of(db, account.id))?;
    if on.is_some() {
        // The password was right: nobody guessed.
        reservation.given_back()?;
        let message = "A second factor is switched on already.";
        return Err(Error::new(Code::Conflict, message));
    }
    let secret: [u8; SECRET_BYTES] = kw.entropy.bytes();
    let label = account.label().to_owned();
    let enrolment = totp::enrolment(&secret, &kw.policy.totp_issuer, &label)
        .ok_or_else(|| Error::payload("The account's name is too long for a QR code"))?;
    let id = FactorId(kw.entropy.id(kw.clock.now()));
    let sealed = kw.keys.factors.seal(&context(account.id, id), &secret);
    let actor = actor.clone();
    kw.change(move |change| {
        // Two enrolments that begin at once take turns here, and the later one stands.
        change.hold_caller(&actor)?;
        let factor = Factor::waiting(id, actor.account(), sealed.clone(), change.now);
        factors::add_pending(change, &factor)?;
        reservation.succeeded(change)
    })
    .map_err(Error::or_wrong_password)?;
    Ok(enrolment)
}
