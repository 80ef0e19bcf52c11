//! Leaving: an account and everything personal of it is deleted. What must stay keeps only
//! its id (docs/decisions/0072).

use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::password::Password;
use crate::domain::session::Client;
use crate::lanes::password_lane::Seat;
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::forgive;
use crate::service::attempts::prove_both::{prove_both, use_both};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::membership::dissolve::leave_all;
use crate::store::{AnyConnection, accounts, audit_events, roles};
use crate::support::secret::SecretString;

/// What the owner shows.
pub struct Proof {
    pub password: Password,
    /// Needed where a second factor is switched on.
    pub otp: Option<SecretString>,
}

/// # Errors
/// `WRONG_PASSWORD` and `INVALID_OTP` for what is wrong in what was typed, `INVALID_PAYLOAD`
/// where a code is missing, `CONFLICT` for the only administrator, `ATTEMPTS_EXCEEDED`.
pub fn leave(kw: &Keyward, seat: &Seat, actor: &Actor, typed: &Proof) -> Result<()> {
    let account = account_of(kw, actor)?;
    // Told before anything is counted, and asked again where it counts.
    let is_needed = |db: &mut AnyConnection| roles::is_the_only_administrator(db, account.id);
    if kw.store.read(is_needed)? {
        return Err(the_only_administrator());
    }
    let typed = (&typed.password, typed.otp.as_ref());
    let (second, reservation) = prove_both(kw, seat, (actor, &account), typed)?;
    let actor = actor.clone();
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        let id = actor.account();
        use_both(change, id, second.as_ref(), &reservation)?;
        erase(change, id, Client::default())
    })
    .map_err(Error::or_wrong_password)
}

/// A guest has no password: the token is enough.
///
/// # Errors
/// `INVALID_TOKEN` where the session is over, or the account a guest's no more.
pub fn leave_as_guest(kw: &Keyward, actor: &Actor) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        let account = accounts::lookup(change, actor.account())?;
        let guest = account.filter(|account| account.anonymous);
        let guest = guest.ok_or_else(Error::token)?;
        erase(change, guest.id, Client::default())
    })
}

/// An operator deletes an account.
///
/// # Errors
/// `CONFLICT` for the only administrator, `INVALID_PAYLOAD` where the account is gone.
pub fn delete(kw: &Keyward, account: AccountId) -> Result<()> {
    kw.change(move |change| {
        if !accounts::hold(change, account)? {
            return Err(Error::payload("That account is not there any more."));
        }
        let operator = change.kw.operator();
        erase(change, account, operator)
    })
}

/// Deletes the account, which is held. Its rows in other tables go with it, by the database
/// itself (`ON DELETE CASCADE`). Its tokens are told of everywhere: the epoch that ends them
/// outlives the row that it stood in. Nobody's address stays, `by`'s own included.
fn erase(change: &mut Change<'_>, id: AccountId, by: Client) -> Result<()> {
    require_another_administrator(change, id)?;
    leave_all(change, id)?;
    let account = accounts::lookup(change, id)?.ok_or_else(Error::token)?;
    forgive::unlock(change, &account)?;
    change.end_all_of(id)?;
    audit_events::forget_clients(change, &[id])?;
    accounts::delete(change, id)?;
    change.record(&Event::new(What::AccountDeleted, by).of(id))
}

/// Held, or the last two could leave at once.
fn require_another_administrator(change: &mut Change<'_>, id: AccountId) -> Result<()> {
    if !roles::access_of(change, id)?.is_admin() {
        return Ok(());
    }
    roles::hold_administrators(change)?;
    if roles::is_the_only_administrator(change, id)? {
        return Err(the_only_administrator());
    }
    Ok(())
}

fn the_only_administrator() -> Error {
    Error::new(
        Code::Conflict,
        "This is the only administrator: without it nobody could administer this service. Make \
         another account an administrator first.",
    )
}
