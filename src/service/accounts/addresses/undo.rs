//! Whoever reads the mail of an address that an act was told to undoes it. The addresses are then
//! as they stood before the act, whatever came after; all sessions end, for somebody else had the
//! account (L15).

use crate::domain::event::{Event, What};
use crate::domain::one_time::Purpose;
use crate::domain::session::Client;
use crate::service::accounts::addresses::frame::{Before, Written};
use crate::service::accounts::one_time::{look, opened, take};
use crate::service::accounts::register::email_taken;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::{accounts, emails, one_time_codes};
use crate::support::secret::SecretString;

/// # Errors
/// `INVALID_CODE`; `CONFLICT` where the address has become another account's meanwhile.
pub fn undo(kw: &Keyward, code: &SecretString, client: &Client) -> Result<()> {
    let (code, client) = (code.clone(), client.clone());
    kw.change(move |change| {
        let kw = change.kw;
        let id = look(kw, change, &code, Purpose::KeepEmail)?.account;
        if !accounts::hold(change, id)? {
            return Err(Error::one_time_code());
        }
        let used = take(change, &code, Purpose::KeepEmail)?;
        let written: Option<Written> = opened(kw, &used)?;
        let written = written.ok_or_else(Error::one_time_code)?;
        let now = Before::read(change, id)?.ok_or_else(Error::one_time_code)?;
        let before = written.before(now.emails)?;
        let reader = (&written.read()?, change.now);
        emails::own::restore(change, id, reader, &before)?.map_err(|_| email_taken())?;
        one_time_codes::remove_all_of(change, id)?;
        one_time_codes::remove_since(change, &used)?;
        change.record(&Event::new(What::EmailChangeCancelled, client.clone()).of(id))?;
        change.end_all_of(id)
    })
}
