//! A forgotten password: a code by mail, and another password for the code.

use url::Url;

use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::Email;
use crate::domain::mail_letter::{LetterPurpose, Values};
use crate::domain::one_time_code::CodePurpose;
use crate::domain::password::Password;
use crate::domain::redirect::allowed;
use crate::domain::rights::access::ADMIN;
use crate::domain::rights::permission::ACCOUNT_RESET_LINK;
use crate::domain::session::Client;
use crate::lanes::password_lane::Seat;
use crate::service::account_changes::empty_for_true_owner::empty_and_prove;
use crate::service::account_changes::hash_chosen_password::hashed;
use crate::service::account_changes::set_password::set_password;
use crate::service::accounts::addresses::young_address::Undoings;
use crate::service::accounts::reset_link_maker::{Handed, Maker};
use crate::service::actor::{Actor, require_held};
use crate::service::change::{Change, Held};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::mailed_code::{About, Link, end_older, issue, look, opened, take};
use crate::service::mail::owner_mail::{OwnerLetter, To, Wish};
use crate::service::mail::{notice, quota};
use crate::store::emails::{self, StoredEmail};
use crate::store::{AnyConnection, accounts};
use crate::support::clock::Timestamp;
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
            return quota::take_ask(change, &wish.client).map(|_| ());
        };
        // As its owner wrote it, and never as the caller did.
        let Some(written) = found.as_written() else {
            return Ok(());
        };
        let to = To {
            account: found.account,
            email: &written,
        };
        let letter = OwnerLetter::new(to, LetterPurpose::Reset, &wish);
        if letter.mail_code(change, CodePurpose::ResetPassword, None::<&()>)? {
            let event = Event::new(What::PasswordResetRequested, wish.client.clone());
            change.record(&event.of(found.account))?;
        }
        Ok(())
    })
}

/// Whose address it is, where they may sign in.
fn owner(change: &mut Change<'_>, email: &Email) -> Result<Option<StoredEmail>> {
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
        let maker = (Maker::from(&actor), &by);
        let made = Handed::by(change, maker, found.account, next.clone())?;
        let about = About {
            account: found.account,
            purpose: CodePurpose::ResetPassword,
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
    let purpose = CodePurpose::ResetPassword;
    // Nothing is hashed for whoever has no code (L17).
    let account = kw.store.read(|db| {
        let stored = look(kw, db, &choice.code, purpose)?;
        if let Some(handed) = opened::<Handed>(kw, &stored)? {
            require_good(&handed, db, (stored.account, kw.clock.now()))?;
        }
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
        let (account, handed) = held(change, &code, id)?;
        let used = take(change, &code, purpose)?;
        let enabled = accounts::lookup(change, id)?.is_some_and(|account| account.enabled);
        if used.account != id || !enabled {
            return Err(Error::one_time_code());
        }
        // Whoever has a code that was mailed reads the mail of the address.
        let event = Event::new(What::PasswordReset, client.clone()).of(id);
        let now = change.now;
        let proves = match &handed {
            None => true,
            Some(handed) => require_good(handed, change, (id, now))?,
        };
        // The account may have another address by now.
        let known = emails::lookup(change, id, &used.address)?;
        let mut values = Values::default();
        if !known.ok_or_else(Error::one_time_code)?.verified && proves {
            values = empty_and_prove(change, account, &used.address, &event)?;
        }
        if proves {
            Undoings::of(change, id)?.end_of_younger(change, &used.address)?;
        }
        notice::record_with(change, &event, values)?;
        set_password(change, account, &record, &event)?;
        let next = handed.and_then(|it| it.next);
        let list = &change.kw.policy.registration.redirects;
        Ok(next.and_then(|next| allowed(&next, list)))
    })
}

/// Holds the account that the code is for, and who made its link: what is sealed beside the code.
fn held<'t>(
    change: &mut Change<'t>,
    code: &SecretString,
    id: AccountId,
) -> Result<(Held<'t, AccountId>, Option<Handed>)> {
    let stored = look(change.kw, change, code, CodePurpose::ResetPassword)?;
    let handed = opened::<Handed>(change.kw, &stored)?;
    let held = match &handed {
        None => change.hold_account(id)?,
        Some(handed) => handed.hold(change, id)?,
    };
    Ok((held.ok_or_else(Error::one_time_code)?, handed))
}

/// Whether the link proves the address of the account that it is for.
///
/// # Errors
/// `INVALID_CODE` where whoever made it could not make it now: nothing is deleted, so whoever gets the
/// right back has made it.
fn require_good(
    handed: &Handed,
    db: &mut AnyConnection,
    (target, now): (AccountId, Timestamp),
) -> Result<bool> {
    let proves = handed.proves(db, target, now)?;
    proves.ok_or_else(Error::one_time_code)
}
