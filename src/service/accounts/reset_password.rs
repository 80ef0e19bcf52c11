//! A forgotten password: a code by mail, and another password for the code.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::access::ADMIN;
use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::Email;
use crate::domain::letter::Purpose as Kind;
use crate::domain::one_time::Purpose;
use crate::domain::password::{Password, PasswordRecord};
use crate::domain::permission::{ACCOUNT_RESET_LINK, is_of_service};
use crate::domain::redirect::allowed;
use crate::domain::session::Client;
use crate::lanes::password_lane::Seat;
use crate::service::accounts::choose::hashed;
use crate::service::accounts::clear::clear;
use crate::service::accounts::one_time::{About, Link, end_older, issue, look, opened, take};
use crate::service::accounts::post::{To, Wish, mail_code};
use crate::service::actor::{Actor, require_held};
use crate::service::attempts::forgive;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::store::api_keys::Whose;
use crate::store::emails::{self, Stored};
use crate::store::{accounts, credentials, one_time_codes, roles};
use crate::support::secret::SecretString;

/// The same answer for every address (E6, L16). A code goes to an enabled account's proven or
/// primary address.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`, where mail can not leave too.
pub fn request(kw: &Keyward, email: &Email, wish: &Wish) -> Result<()> {
    kw.require_mail()?;
    let (email, wish) = (email.clone(), wish.clone());
    kw.change(move |change| {
        let Some(found) = owner(change, &email)? else {
            return Ok(());
        };
        // As its owner wrote it, and never as the caller did.
        let Some(written) = Email::parse(&found.written) else {
            return Ok(());
        };
        let to = To {
            account: found.account,
            email: &written,
        };
        let purpose = (Purpose::ResetPassword, Kind::Reset);
        if mail_code(change, &to, purpose, &wish, None::<&()>)? {
            let event = Event::new(What::PasswordResetRequested, wish.client.clone());
            change.record(&event.of(found.account))?;
        }
        Ok(())
    })
}

/// Whose address it is, where they may sign in.
fn owner(change: &mut Change<'_>, email: &Email) -> Result<Option<Stored>> {
    let Some(found) = emails::find(change, email)? else {
        return Ok(None);
    };
    let account = accounts::lookup(change, found.account)?;
    let may = account.is_some_and(|it| it.may_sign_in());
    Ok(may.then_some(found))
}

/// Whoever may have a link made, which opens an account, an administrator's too. System keys are
/// for this.
///
/// # Errors
/// `FORBIDDEN` without the permission; `STEP_UP_REQUIRED`.
pub fn require_link(kw: &Keyward, actor: &Actor) -> Result<()> {
    actor.require_one(&[ACCOUNT_RESET_LINK, ADMIN])?;
    if actor.api_key().is_none() {
        actor.require_fresh(kw)?;
    }
    Ok(())
}

/// A link by which somebody chooses a password, for whoever administers to hand on (rows P-22,
/// P-23). No mail is sent. None where nobody has the address.
///
/// # Errors
/// `FORBIDDEN` without the permission, and for the account of whoever may do more; `CONFLICT` for
/// one's own; `SERVICE_UNAVAILABLE`.
pub fn link(
    kw: &Keyward,
    actor: &Actor,
    email: Option<&Email>,
    wish: &Wish,
) -> Result<Option<String>> {
    require_link(kw, actor)?;
    let Some(email) = email.cloned() else {
        return Ok(None);
    };
    let (actor, client) = (actor.clone(), wish.client.clone());
    let next = match &wish.link {
        Link::Application(url) => Some(url.to_string()),
        Link::OwnPage => None,
    };
    let code = kw.change(move |change| {
        change.hold_caller(&actor)?;
        let by = require_held(change, &actor, &[ACCOUNT_RESET_LINK, ADMIN])?;
        let Some(found) = owner(change, &email)? else {
            return Ok(None);
        };
        let in_person = by.is_admin() && actor.api_key().is_none();
        require_ordinary(change, (&actor, in_person), found.account)?;
        let made = Handed {
            next: next.clone(),
            // Whom the program handed it to nobody knows.
            proves: in_person,
        };
        let about = About {
            account: found.account,
            purpose: Purpose::ResetPassword,
            address: &found.canonical,
        };
        let (code, stored) = issue(change, &about, Some(&made))?;
        end_older(change, &stored)?;
        // Both are named: the account, and who asked by the session.
        let event = Event::new(What::PasswordResetRequested, client.clone());
        let event = event.of(found.account).within(actor.session());
        change.record(&event.by(actor.account()))?;
        Ok(Some(code))
    })?;
    let language = wish.language.as_deref();
    Ok(code.map(|code| wish.link.action(kw, language, &code)))
}

/// A link opens its account, so whoever is no administrator in person makes none for who may more
/// than others; and nobody makes one for themselves, in the place of the password that a change asks.
///
/// # Errors
/// `CONFLICT` for one's own account, `FORBIDDEN` for who is powerful in the whole service.
fn require_ordinary(
    change: &mut Change<'_>,
    (actor, in_person): (&Actor, bool),
    target: AccountId,
) -> Result<()> {
    if actor.account() == target {
        return Err(Error::new(
            Code::Conflict,
            "Your own password you change by POST /auth/password/change, with the present one.",
        ));
    }
    let access = roles::access_of(change, target)?;
    let is_powerful = access.permissions.iter().any(|word| is_of_service(word));
    if in_person || !is_powerful {
        return Ok(());
    }
    Err(Error::forbidden(
        "That account administers, or holds a permission of the whole service: an administrator \
         who is signed in makes its link.",
    ))
}

/// What is sealed beside the code of a link that was handed on.
#[derive(Serialize, Deserialize)]
struct Handed {
    /// Where whoever uses the code goes on to afterwards (row P-24): anybody can write a link's
    /// query.
    #[serde(default)]
    next: Option<String>,
    /// Whether an administrator vouches that the link goes to the owner of the address.
    #[serde(default = "always")]
    proves: bool,
}

/// Of a link that was made before.
const fn always() -> bool {
    true
}

/// What somebody chooses who reads the account's mail.
pub struct Choice {
    pub code: SecretString,
    pub password: Password,
    pub client: Client,
}

/// Everything that the old password opened is shut in the transaction that sets the new one:
/// sessions, tokens, other codes (L10, L19). The second factor stays, and no session begins.
///
/// Gives where to go on to, for a link that was made so, and only while the operator's list has it.
///
/// # Errors
/// `INVALID_CODE`; `INVALID_PAYLOAD` where the password is refused, and then the code is still
/// good; `SERVICE_UNAVAILABLE`.
pub fn reset(kw: &Keyward, seat: &Seat, choice: &Choice) -> Result<Option<Url>> {
    let purpose = Purpose::ResetPassword;
    // Nothing is hashed for whoever has no code (L17).
    let account = kw.store.read(|db| {
        let stored = look(kw, db, &choice.code, purpose)?;
        Ok::<_, Error>(accounts::lookup(db, stored.account)?)
    })?;
    let account = account
        .filter(|it| it.enabled)
        .ok_or_else(Error::one_time_code)?;
    let record = hashed(
        kw,
        seat,
        &choice.password,
        &[account.email.clone(), account.username.clone()],
    )?;
    let (code, client, id) = (choice.code.clone(), choice.client.clone(), account.id);
    kw.change(move |change| {
        if !accounts::hold(change, id)? {
            return Err(Error::one_time_code());
        }
        let used = take(change, &code, purpose)?;
        let enabled = accounts::lookup(change, id)?.is_some_and(|account| account.enabled);
        if used.account != id || !enabled {
            return Err(Error::one_time_code());
        }
        // Whoever has a code that was mailed reads the mail of the address.
        let event = Event::new(What::PasswordReset, client.clone()).of(id);
        let now = change.now;
        // The account may have another address by now.
        let known = emails::lookup(change, id, &used.address)?;
        let handed = opened::<Handed>(change.kw, &used)?;
        let proves = handed.as_ref().is_none_or(|it| it.proves);
        if !known.ok_or_else(Error::one_time_code)?.verified && proves {
            clear(change, id, &used.address, &event)?;
            emails::verify(change, id, &used.address, now)?;
        }
        notice::record(change, &event)?;
        set_password(change, id, &record, &event)?;
        let next = handed.and_then(|it| it.next);
        let list = &change.kw.policy.registration.redirects;
        Ok(next.and_then(|next| allowed(&next, list)))
    })
}

/// The account is held.
pub(in crate::service) fn set_password(
    change: &mut Change<'_>,
    id: AccountId,
    record: &PasswordRecord,
    by: &Event,
) -> Result<()> {
    let (kw, now) = (change.kw, change.now);
    credentials::set(change, id, record, now)?;
    // Whoever was in before may have made one.
    change.revoke_keys(Whose::Account(id), by)?;
    forgive::forget(kw, change, id)?;
    one_time_codes::remove_all_of(change, id)?;
    change.end_all_of(id)
}
