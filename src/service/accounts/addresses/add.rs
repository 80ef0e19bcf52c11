//! A further e-mail address: nothing stands anywhere before it is proven, so nobody learns by it
//! whether it is another account's (E12).

use crate::domain::event::{Event, What};
use crate::domain::mail_letter::{LetterPurpose, Values};
use crate::domain::one_time_code::CodePurpose;
use crate::lanes::password_lane::Seat;
use crate::service::accounts::addresses::prove_and_undo::{NewEmail, ask, proven_by};
use crate::service::accounts::register::email_taken;
use crate::service::actor::Actor;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::owner_mail::Wish;
use crate::store::emails::StoredEmail;
use crate::store::{accounts, emails};
use crate::support::secret::SecretString;

/// The most addresses of one account: as many as a registration takes.
const MOST: usize = 9;

/// A code is mailed to the address.
///
/// # Errors
/// `WRONG_PASSWORD`, `INVALID_OTP`, `ATTEMPTS_EXCEEDED`, `INVALID_PAYLOAD`, `CONFLICT` where the
/// account has enough, `SERVICE_UNAVAILABLE`.
pub fn request(kw: &Keyward, seat: &Seat, actor: &Actor, new: NewEmail) -> Result<()> {
    ask(
        kw,
        seat,
        (actor, CodePurpose::AddEmail, new),
        |account, email| {
            let own = kw.store.read(|db| emails::list_of(db, account.id))?;
            require_new(&own, email.canonical())
        },
    )
}

fn require_new(own: &[StoredEmail], canonical: &str) -> Result<()> {
    match own.iter().find(|it| it.canonical == canonical) {
        None => require_room(own),
        Some(known) if known.verified => {
            Err(Error::payload("\"email\" is an address of this account"))
        }
        // Others may have registered it, too: that act knows what then must happen.
        Some(_) => Err(Error::payload(
            "\"email\" is an address of this account that is not proven yet: POST \
             /auth/email/verify/request mails its code",
        )),
    }
}

fn require_room(own: &[StoredEmail]) -> Result<()> {
    if own.len() < MOST {
        return Ok(());
    }
    let words =
        "This account has nine e-mail addresses, and more it can not have: remove one first.";
    Err(Error::new(Code::Conflict, words))
}

/// The address counts: its reader signs in with it, and resets the password by it. The first one of
/// an account is its primary one. The primary one is told.
///
/// # Errors
/// `INVALID_CODE`; `CONFLICT` where the address has become another account's meanwhile, or the
/// account has enough; `REQUESTS_EXCEEDED` where the primary one was told of enough within an hour.
pub fn confirm(kw: &Keyward, code: &SecretString, wish: &Wish) -> Result<()> {
    let (code, wish) = (code.clone(), wish.clone());
    kw.change(move |change| {
        let (new, before) = proven_by(change, &code, CodePurpose::AddEmail)?;
        let (id, now) = (before.account.id, change.now);
        require_room(&before.emails)?;
        if before.emails.is_empty() {
            emails::own::replace_primary(change, id, &new, now)?.map_err(|_| email_taken())?;
        } else {
            let new = emails::New {
                account: id,
                email: &new,
                verified: true,
                is_primary: false,
                now,
            };
            emails::add(change, &new)?.map_err(|_| email_taken())?;
            accounts::touch(change, id, now)?;
        }
        change.record(&Event::new(What::EmailAdded, wish.client.clone()).of(id))?;
        if let Some(primary) = before.proven() {
            let more = Values::from([("new_address", new.written())]);
            before.tell(
                change,
                (&primary, &wish),
                (LetterPurpose::AddressAdded, more),
            )?;
        }
        Ok(())
    })
}
