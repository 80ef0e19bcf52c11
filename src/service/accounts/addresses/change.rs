//! Another primary e-mail address: proven at the new one before it counts, told to the old one,
//! which can take it back for seven days (L15).

use crate::domain::event::{Event, What};
use crate::domain::mail_letter::{LetterPurpose, Values};
use crate::domain::one_time_code::CodePurpose;
use crate::lanes::password_lane::Seat;
use crate::service::accounts::addresses::prove_and_undo::{ask, proven_by};
use crate::service::accounts::register::email_taken;
use crate::service::actor::Actor;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::owner_mail::{Wish, email_of};
use crate::store::{emails, one_time_codes};
use crate::support::secret::SecretString;

pub use crate::service::accounts::addresses::prove_and_undo::NewEmail;

/// The caller proves who they are, as for every change of credentials: mail is a credential.
/// The answer is the same for an address that is another account's; its owner is told (E12).
///
/// # Errors
/// `WRONG_PASSWORD`, `INVALID_OTP`, `ATTEMPTS_EXCEEDED`, `INVALID_PAYLOAD`,
/// `SERVICE_UNAVAILABLE`.
pub fn request(kw: &Keyward, seat: &Seat, actor: &Actor, new: NewEmail) -> Result<()> {
    ask(
        kw,
        seat,
        (actor, CodePurpose::ChangeEmail, new),
        |account, email| {
            if email_of(account).is_some_and(|own| own.is_same(email)) {
                return Err(Error::payload("\"email\" is the present address"));
            }
            Ok(())
        },
    )
}

/// The new address counts, and the old one is told, with a code to take it back.
///
/// # Errors
/// `INVALID_CODE`; `CONFLICT` where the address has become another account's meanwhile;
/// `REQUESTS_EXCEEDED` where the old one was told of enough within an hour.
pub fn confirm(kw: &Keyward, code: &SecretString, wish: &Wish) -> Result<()> {
    let (code, wish) = (code.clone(), wish.clone());
    kw.change(move |change| {
        let (new, before) = proven_by(change, &code, CodePurpose::ChangeEmail)?;
        if before
            .proven()
            .is_some_and(|old| old.written() == new.written())
        {
            // It came by another way meanwhile, and was made the primary one.
            return Ok(());
        }
        let (id, now) = (before.account.id, change.now);
        emails::own::replace_primary(change, id, &new, now)?.map_err(|_| email_taken())?;
        // What was mailed to the old address opens the account no more.
        one_time_codes::remove_all_of(change, id)?;
        change.record(&Event::new(What::EmailChanged, wish.client.clone()).of(id))?;
        if let Some(old) = before.proven() {
            let more = Values::from([("new_address", new.written())]);
            before.tell(change, (&old, &wish), (LetterPurpose::AddressChanged, more))?;
        }
        before.outdate(change)
    })
}
