//! Proving an e-mail address by the code that was mailed to it.

use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::Email;
use crate::domain::letter::Purpose as Kind;
use crate::domain::one_time::Purpose;
use crate::domain::session::Client;
use crate::service::accounts::clear::clear;
use crate::service::accounts::one_time::{Link, look, opened, take};
use crate::service::accounts::post::{To, Wish, mail_code};
use crate::service::accounts::register::Again;
use crate::service::change::Change;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::{accounts, credentials, emails, one_time_codes};
use crate::support::secret::SecretString;

/// No session begins by it (M18).
///
/// # Errors
/// `INVALID_CODE`; `SERVICE_UNAVAILABLE`.
pub fn verify_email(kw: &Keyward, code: &SecretString, client: &Client) -> Result<()> {
    let (code, client) = (code.clone(), client.clone());
    kw.change(move |change| {
        let kw = change.kw;
        let id = look(kw, change, &code, Purpose::VerifyEmail)?.account;
        accounts::hold(change, id)?;
        let used = take(change, &code, Purpose::VerifyEmail)?;
        let now = change.now;
        if !emails::verify(change, id, &used.address, now)? {
            return Err(Error::one_time_code());
        }
        change.record(&Event::new(What::EmailVerified, client.clone()).of(id))?;
        if opened::<Again>(kw, &used)?.is_some_and(|mark| mark.again) {
            begin_anew(change, id, &used.address, &client)?;
        }
        Ok(())
    })
}

/// Several registered the address, and nobody knows which of them reads its mail: every password
/// and session is dead, and whoever does read it is mailed a code to choose a password (L14).
fn begin_anew(
    change: &mut Change<'_>,
    id: AccountId,
    address: &str,
    client: &Client,
) -> Result<()> {
    clear(change, id, address)?;
    credentials::remove(change, id)?;
    one_time_codes::remove_all_of(change, id)?;
    change.end_all_of(id)?;
    let Some(email) = emails::list_of(change, id)?.into_iter().next() else {
        return Ok(());
    };
    let Some(email) = Email::parse(&email.written) else {
        return Ok(());
    };
    let wish = Wish {
        link: Link::OwnPage,
        language: None,
        client: client.clone(),
    };
    let to = To {
        account: id,
        email: &email,
    };
    let purpose = (Purpose::ResetPassword, Kind::Reset);
    mail_code(change, &to, purpose, &wish, None::<&Again>)?;
    change.record(&Event::new(What::PasswordResetRequested, client.clone()).of(id))
}

/// Keyward's page for the code.
#[must_use]
pub fn page(kw: &Keyward, code: &SecretString) -> String {
    Link::OwnPage.to(kw, Purpose::VerifyEmail, code)
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
            return Ok(());
        };
        let account = accounts::lookup(change, found.account)?;
        let written = Email::parse(&found.written);
        let (Some(_), Some(email)) = (account.filter(|it| it.enabled), written) else {
            return Ok(());
        };
        let to = To {
            account: found.account,
            email: &email,
        };
        // What a registration of another's left behind goes on to count where it did.
        let again = one_time_codes::newest_of(change, found.account, Purpose::VerifyEmail)?;
        let again: Option<Again> = match &again {
            Some(stored) if stored.address == email.canonical() => opened(change.kw, stored)?,
            _ => None,
        };
        let purpose = (Purpose::VerifyEmail, Kind::Verify);
        mail_code(change, &to, purpose, &wish, again.as_ref())?;
        Ok(())
    })
}
