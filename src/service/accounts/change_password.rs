//! The caller's own password, changed by its owner. The other sessions end.

use crate::domain::event::What;
use crate::domain::password::Password;
use crate::domain::password_policy;
use crate::lanes::password_lane::{NotDone, Seat};
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::budget;
use crate::service::attempts::prove::{not_done, prove_password};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::store::{credentials, factors};
use crate::support::secret::{ExposeSecret as _, same};

pub struct NewPassword {
    pub present: Password,
    pub new: Password,
}

/// # Errors
/// `INVALID_CREDENTIALS` for a wrong present password, `INVALID_PAYLOAD` for a new one
/// that the policy refuses or that is the present one, `ATTEMPTS_EXCEEDED`.
pub fn change_password(
    kw: &Keyward,
    seat: &Seat,
    actor: &Actor,
    typed: &NewPassword,
) -> Result<()> {
    let account = account_of(kw, actor)?;
    let about: Vec<&str> = [account.email.as_deref(), account.username.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    password_policy::check(&typed.new, kw.policy.password_min_length, &about)
        .map_err(|refused| Error::payload(refused.reason("newPassword")))?;
    if same(
        typed.new.normalized().expose_secret().as_bytes(),
        typed.present.normalized().expose_secret().as_bytes(),
    ) {
        return Err(Error::payload(
            "\"newPassword\" must be another one than the present",
        ));
    }
    let reservation = prove_password(kw, seat, &account, &typed.present, actor)?;
    let (inner, password) = (kw.clone(), typed.new.clone());
    let hash = seat
        .run(move || inner.hasher.hash(&password, &inner.entropy))
        .map_err(|NotDone| not_done(kw, &reservation))?;
    let (id, actor) = (account.id, actor.clone());
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        if factors::active_of(change, id)?.is_some() {
            reservation.half_succeeded(change)?;
        } else {
            reservation.succeeded(change)?;
            budget::forget(change.kw, change, id)?;
        }
        let now = change.now;
        credentials::set(change, id, &hash, now)?;
        let event = actor.event(What::PasswordChanged);
        change.record(&event)?;
        notice::of_event(change, &event)?;
        change.end_others(id, actor.session())
    })
    .map_err(Error::or_credentials)
}
