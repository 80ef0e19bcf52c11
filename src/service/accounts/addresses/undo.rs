//! Whoever reads the mail of an address that an act was told to undoes it. The addresses are then
//! as they stood before the act, whatever came after; all sessions and keys end, and the password is
//! dead, for somebody else had the account (L15). A code to choose another one is mailed.

use crate::domain::event::{Event, What};
use crate::domain::identifier::Email;
use crate::domain::mail_letter::Values;
use crate::domain::one_time_code::CodePurpose;
use crate::domain::session::Client;
use crate::service::accounts::addresses::prove_and_undo::Before;
use crate::service::accounts::addresses::sealed_state::Written;
use crate::service::accounts::register::email_taken;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::mailed_code::{look, opened, take};
use crate::service::mail::owner_mail::{To, mail_choice};
use crate::store::api_keys::Whose;
use crate::store::{credentials, emails, one_time_codes};
use crate::support::secret::SecretString;

/// # Errors
/// `INVALID_CODE`; `CONFLICT` where the address has become another account's meanwhile.
pub fn undo(kw: &Keyward, code: &SecretString, client: &Client) -> Result<()> {
    let (code, client) = (code.clone(), client.clone());
    kw.change(move |change| {
        let kw = change.kw;
        let id = look(kw, change, &code, CodePurpose::KeepEmail)?.account;
        let held = change.hold_account(id)?;
        let held = held.ok_or_else(Error::one_time_code)?;
        let used = take(change, &code, CodePurpose::KeepEmail)?;
        let written: Option<Written> = opened(kw, &used)?;
        let written = written.ok_or_else(Error::one_time_code)?;
        let now = Before::read(change, held)?.ok_or_else(Error::one_time_code)?;
        let before = written.before(now.emails)?;
        let reader = (&written.read()?, change.now);
        emails::own::restore(change, id, reader, &before)?.map_err(|_| email_taken())?;
        one_time_codes::remove_all_of(change, id)?;
        one_time_codes::remove_since(change, &used)?;
        let event = Event::new(What::EmailChangeCancelled, client.clone()).of(id);
        change.record(&event)?;
        // Whoever did it knew the password, and may have made a key to stay.
        change.revoke_keys(Whose::Account(id), &event)?;
        credentials::remove(change, id)?;
        change.end_all_of(held)?;
        let Some(email) = Email::parse(&used.address) else {
            return Ok(());
        };
        let to = To {
            account: id,
            email: &email,
        };
        mail_choice(change, to, (&client, Values::from([("undone", "yes")])))
    })
}
