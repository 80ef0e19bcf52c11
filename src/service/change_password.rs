//! The caller's own password, changed by its owner. The other sessions end.

use super::audit::record;
use super::authenticate::Principal;
use super::context::Keyward;
use super::error::{Error, Result};
use super::limiter;
use super::profile;
use super::proof::prove_password;
use super::revoke::end_others;
use crate::crypto::password_lane::Seat;
use crate::domain::event::{Event, What};
use crate::domain::password::Password;
use crate::domain::password_policy;
use crate::domain::session::Client;
use crate::store::{accounts, credentials, sessions};

/// # Errors
/// `INVALID_CREDENTIALS` for a wrong present password, `INVALID_PAYLOAD` for a new one
/// that the policy refuses, `ATTEMPTS_EXCEEDED`, `SERVICE_UNAVAILABLE`.
pub fn change_password(
    kw: &Keyward,
    seat: &Seat,
    principal: &Principal,
    present: &Password,
    new: &Password,
    client: &Client,
) -> Result<()> {
    let account = profile::of(kw, principal)?;
    let about: Vec<&str> = [account.email.as_deref(), account.username.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    password_policy::check(new, kw.policy.password_min_length, &about)
        .map_err(|refused| Error::payload(refused.reason("newPassword")))?;
    let reservation = prove_password(kw, seat, &account, present, client)?;
    let (inner, password) = (kw.clone(), new.clone());
    let hash = seat
        .run(move || inner.hasher.hash(&password, &inner.entropy))
        .map_err(|_| Error::busy("the password lane gave up on a job"))?;
    let now = kw.clock.now();
    let (inner, client) = (kw.clone(), client.clone());
    let (id, keep) = (account.id, principal.session());
    let news = kw
        .store
        .write(move |tx| {
            accounts::hold(tx, id)?;
            reservation.succeeded(tx)?;
            // Since the proof this session may have been ended: what an administrator does
            // must not be undone by who is to be locked out.
            sessions::lookup(tx, keep)?
                .filter(|(session, account)| {
                    account.enabled && !session.is_over(account.epoch, now)
                })
                .ok_or_else(Error::token)?;
            credentials::set(tx, id, &hash, now)?;
            limiter::forget(&inner, tx, id)?;
            let event = Event::new(What::PasswordChanged, client.clone());
            record(&inner, tx, &event.of(id).within(keep), now)?;
            end_others(&inner, tx, id, keep, now)
        })
        .map_err(Error::or_credentials)?;
    kw.learn(&news);
    Ok(())
}
