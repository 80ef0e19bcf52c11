//! The caller's own password, changed by its owner. The other sessions end.

use crate::domain::event::{Event, What};
use crate::domain::password::Password;
use crate::domain::password_policy;
use crate::lanes::password_lane::{NotDone, Seat};
use crate::service::accounts::profile;
use crate::service::attempts::budget;
use crate::service::attempts::prove::{Prover, not_done, prove_password};
use crate::service::audit::record;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::sessions::end::end_others;
use crate::service::standing;
use crate::service::tokens::authenticate::Principal;
use crate::store::{credentials, factors};
use crate::support::secret::{ExposeSecret as _, same};

/// # Errors
/// `INVALID_CREDENTIALS` for a wrong present password, `INVALID_PAYLOAD` for a new one
/// that the policy refuses or that is the present one, `ATTEMPTS_EXCEEDED`, `SERVICE_UNAVAILABLE`.
pub fn change_password(
    kw: &Keyward,
    seat: &Seat,
    principal: &Principal,
    present: &Password,
    new: &Password,
    prover: &Prover,
) -> Result<()> {
    let account = profile::of(kw, principal)?;
    let about: Vec<&str> = [account.email.as_deref(), account.username.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    password_policy::check(new, kw.policy.password_min_length, &about)
        .map_err(|refused| Error::payload(refused.reason("newPassword")))?;
    if same(
        new.normalized().expose_secret().as_bytes(),
        present.normalized().expose_secret().as_bytes(),
    ) {
        return Err(Error::payload(
            "\"newPassword\" must be another one than the present",
        ));
    }
    let reservation = prove_password(kw, seat, &account, present, prover)?;
    let (inner, password) = (kw.clone(), new.clone());
    let hash = seat
        .run(move || inner.hasher.hash(&password, &inner.entropy))
        .map_err(|NotDone| not_done(kw, &reservation))?;
    let now = kw.clock.now();
    let (inner, client) = (kw.clone(), prover.client.clone());
    let (id, keep) = (account.id, principal.session());
    let news = kw
        .store
        .write(move |tx| {
            standing::hold(tx, id, keep, now)?;
            if factors::active_of(tx, id)?.is_some() {
                reservation.half_succeeded(tx)?;
            } else {
                reservation.succeeded(tx)?;
                budget::forget(&inner, tx, id)?;
            }
            credentials::set(tx, id, &hash, now)?;
            let event = Event::new(What::PasswordChanged, client.clone());
            record(&inner, tx, &event.of(id).within(keep), now)?;
            end_others(tx, id, keep, now)
        })
        .map_err(Error::or_credentials)?;
    kw.learn(&news);
    Ok(())
}
