//! Proving an e-mail address by the code that was mailed to it.

use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::Email;
use crate::domain::mail_letter::{Language, LetterPurpose};
use crate::domain::one_time_code::CodePurpose;
use crate::domain::session::Client;
use crate::service::account_changes::empty_for_true_owner::empty_and_prove;
use crate::service::change::{Change, Held};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::mailed_code::{Link, look, take};
use crate::service::mail::owner_mail::{OwnerLetter, To, Wish, mail_choice};
use crate::service::mail::quota;
use crate::store::emails::{self, StoredEmail};
use crate::store::{accounts, credentials, one_time_codes};
use crate::support::secret::SecretString;

/// No session begins by it (M18).
///
/// # Errors
/// `INVALID_CODE`; `SERVICE_UNAVAILABLE`.
pub fn verify_email(kw: &Keyward, code: &SecretString, client: &Client) -> Result<()> {
    let (code, client) = (code.clone(), client.clone());
    kw.change(move |change| {
        let kw = change.kw;
        let id = look(kw, change, &code, CodePurpose::VerifyEmail)?.account;
        let held = change.hold_account(id)?;
        let held = held.ok_or_else(Error::one_time_code)?;
        if !accounts::lookup(change, id)?.is_some_and(|account| account.enabled) {
            return Err(Error::one_time_code());
        }
        let used = take(change, &code, CodePurpose::VerifyEmail)?;
        let now = change.now;
        let found = emails::lookup(change, id, &used.address)?;
        let found = found.ok_or_else(Error::one_time_code)?;
        let event = Event::new(What::EmailVerified, client.clone()).of(id);
        change.record(&event)?;
        if found.contested && !found.verified {
            return begin_anew(change, held, &found, &event);
        }
        if !emails::verify(change, id, &used.address, now)? {
            return Err(Error::one_time_code());
        }
        Ok(())
    })
}

/// Several registered the address, and nobody knows which of them reads its mail: every password
/// and session is dead, and whoever does read it is mailed a code to choose a password (L14).
fn begin_anew<'t>(
    change: &mut Change<'t>,
    account: Held<'t, AccountId>,
    proven: &StoredEmail,
    by: &Event,
) -> Result<()> {
    let (id, client) = (account.id(), &by.client);
    let emptied = empty_and_prove(change, account, &proven.canonical, by)?;
    credentials::remove(change, id)?;
    one_time_codes::remove_all_of(change, id)?;
    change.end_all_of(account)?;
    let Some(email) = proven.as_written() else {
        return Ok(());
    };
    let to = To {
        account: id,
        email: &email,
    };
    mail_choice(change, to, (client, emptied))
}

/// Keyward's page for the code.
#[must_use]
pub fn page(kw: &Keyward, code: &SecretString) -> String {
    Link::OwnPage.to(kw, (CodePurpose::VerifyEmail, Language::default()), code)
}

/// Mails the code once more, to an address that is not proven yet. The same answer for every
/// address.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`, where mail can not leave too.
pub fn request(kw: &Keyward, email: &Email, wish: &Wish) -> Result<()> {
    kw.require_mail()?;
    let (email, wish) = (email.clone(), wish.clone());
    kw.change(move |change| {
        let Some(found) = emails::find_named(change, &email)?.filter(|found| !found.verified)
        else {
            return quota::take_ask(change, &wish.client).map(|_| ());
        };
        let account = accounts::lookup(change, found.account)?;
        let written = found.as_written();
        let (Some(_), Some(email)) = (account.filter(|it| it.enabled), written) else {
            return quota::take_ask(change, &wish.client).map(|_| ());
        };
        let to = To {
            account: found.account,
            email: &email,
        };
        let letter = OwnerLetter::new(to, LetterPurpose::Verify, &wish);
        letter.mail_code(change, CodePurpose::VerifyEmail, None::<&()>)?;
        Ok(())
    })
}
