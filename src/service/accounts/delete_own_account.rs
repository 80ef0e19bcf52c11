//! Leaving: an account and everything personal of it is deleted. What must stay keeps only
//! its id (docs/decisions/0072).

use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::password::Password;
use crate::domain::session::{Class, Client};
use crate::lanes::password_lane::Seat;
use crate::service::accounts::only_administrator::{
    require_another_administrator, the_only_administrator,
};
use crate::service::actor::{Actor, account_of};
use crate::service::administrator::Administrator;
use crate::service::attempts::claimant::Claimant;
use crate::service::attempts::forgive;
use crate::service::change::{Change, Held};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::membership::dissolve::leave_all;
use crate::store::audit::audit_events;
use crate::store::memberships::{invitations, inviters};
use crate::store::{AnyConnection, accounts, factors, roles, sessions};
use crate::support::secret::SecretString;

/// What the owner shows.
pub struct PasswordAndCode {
    pub password: Password,
    /// Needed where a second factor is switched on.
    pub otp: Option<SecretString>,
}

/// # Errors
/// `WRONG_PASSWORD` and `INVALID_OTP` for what is wrong in what was typed, `INVALID_PAYLOAD`
/// where a code is missing, `CONFLICT` for the only administrator, `ATTEMPTS_EXCEEDED`.
pub fn leave(kw: &Keyward, seat: &Seat, actor: &Actor, typed: &PasswordAndCode) -> Result<()> {
    let account = account_of(kw, actor)?;
    // Told before anything is counted, and asked again where it counts.
    let only_verified = kw.policy.require_verified_email;
    let is_needed =
        |db: &mut AnyConnection| roles::is_the_only_administrator(db, account.id, only_verified);
    if kw.store.read(is_needed)? {
        return Err(the_only_administrator());
    }
    let claimant = Claimant {
        kw,
        actor,
        account: &account,
    };
    let proven = claimant.both(seat, &typed.password, typed.otp.as_ref())?;
    proven.open(actor, |change, caller, _| {
        erase(change, caller.account, by_owner())
    })
}

/// Whether the caller must show their password and code: a guest has none.
#[must_use]
pub fn needs_proof(actor: &Actor) -> bool {
    !actor.claims().anon
}

/// How long after a sign-in its token deletes the account by itself.
const LATELY: i64 = 5 * 60 * 1000;

/// By the token alone: a guest's, or, for a face whose clients show nothing else, one of a sign-in a
/// moment ago, in which the password was shown, and the second factor where there is one. Renewing a
/// token does not make it younger.
///
/// # Errors
/// `FORBIDDEN` where the sign-in was longer ago, or not by that face; `INVALID_TOKEN` where the session
/// is over, or the account a guest's no more; `CONFLICT` for the only administrator.
pub fn leave_by_token(kw: &Keyward, actor: &Actor) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        let caller = change.hold_caller(&actor)?;
        if needs_proof(&actor) {
            require_young(change, &actor)?;
        } else {
            require_guest(change, &actor)?;
        }
        erase(change, caller.account, by_owner())
    })
}

fn require_young(change: &mut Change<'_>, actor: &Actor) -> Result<()> {
    let (session, _) = sessions::lookup(change, actor.session())?.ok_or_else(Error::token)?;
    let shown = &session.authentication;
    // A session that was there before the factor ended when it was switched on.
    let needed = if factors::active_of(change, actor.account())?.is_some() {
        2
    } else {
        1
    };
    let ago = change.now.millis_since(shown.at);
    // That face's own tokens alone: those of others travel to more places, and their owners know
    // that deleting asks for the password.
    let is_of_face = session.class == Class::Oisp;
    if !is_of_face || session.anonymous || shown.level < needed || !(0..LATELY).contains(&ago) {
        return Err(Error::forbidden(
            "This deletes the account: send its \"password\", or sign in anew and ask again within five \
             minutes.",
        ));
    }
    Ok(())
}

fn require_guest(change: &mut Change<'_>, actor: &Actor) -> Result<()> {
    let account = accounts::lookup(change, actor.account())?;
    if !account.is_some_and(|account| account.anonymous) {
        return Err(Error::token());
    }
    Ok(())
}

/// An administrator deletes an account.
///
/// # Errors
/// `CONFLICT` for the only administrator and for one's own account, `NOT_FOUND` where the account is
/// gone; `FORBIDDEN` for an API key that would delete a person's: nobody undoes it.
pub fn delete(by: impl Into<Administrator>, account: AccountId) -> Result<()> {
    let by = by.into();
    by.require_others(
        account,
        "Your own account you delete by DELETE /auth/me, with your password.",
    )?;
    let kw = by.kw.clone();
    kw.change(move |change| {
        let held = by.hold(change, account)?;
        if !accounts::lookup(change, account)?.is_some_and(|it| it.machine) {
            by.require_person()?;
        }
        erase(change, held, by.event(What::AccountDeleted))
    })
}

/// By the owner, whose address is not kept.
fn by_owner() -> Event {
    Event::new(What::AccountDeleted, Client::default())
}

/// Deletes the account. Its rows in other tables go with it, by the database
/// itself (`ON DELETE CASCADE`). Its tokens are told of everywhere: the epoch that ends them
/// outlives the row that it stood in. Of its owner no address stays: that of this request goes, and
/// so do those in invitations of an address that was proven.
fn erase<'t>(change: &mut Change<'t>, held: Held<'t, AccountId>, event: Event) -> Result<()> {
    let id = held.id();
    require_another_administrator(change, held)?;
    let event = event.of(id);
    leave_all(change, held, &event)?;
    invitations::remove_all_of(change, id)?;
    // None of what it gave would let anybody in.
    inviters::remove_all_by(change, id)?;
    let account = accounts::lookup(change, id)?.ok_or_else(Error::token)?;
    forgive::erase(change, &account)?;
    change.end_all_of(held)?;
    audit_events::forget_clients(change, &[id])?;
    accounts::delete(change, id)?;
    change.record(&event)
}
