//! Addresses that the account has: another one becomes the primary one, or one goes.

use crate::domain::event::What;
use crate::domain::identifier::Email;
use crate::domain::mail_letter::{LetterPurpose, Values};
use crate::lanes::password_lane::Seat;
use crate::service::accounts::addresses::prove_and_undo::{Before, end_codes};
use crate::service::accounts::delete_own_account::PasswordAndCode;
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::claimant::Claimant;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::owner_mail::{OwnerLetter, To, Wish};
use crate::store::emails::{self, StoredEmail};

/// What is done to an address.
#[derive(Clone, Copy)]
pub enum Deed {
    MakePrimary,
    Remove,
}

/// # Errors
/// `NOT_FOUND` where the account has no such address; `CONFLICT` where it is not proven and can not
/// be the primary one, or is the primary one or the last that was proven and can not go;
/// `WRONG_PASSWORD`, `INVALID_OTP`, `ATTEMPTS_EXCEEDED`; `REQUESTS_EXCEEDED` where its owner was
/// told of enough within an hour.
pub fn act(
    kw: &Keyward,
    seat: &Seat,
    actor: &Actor,
    (deed, email, typed): (Deed, &Email, &PasswordAndCode),
) -> Result<()> {
    let account = account_of(kw, actor)?;
    // Told before anything is counted, and asked again where it counts.
    let own = kw.store.read(|db| emails::list_of(db, account.id))?;
    deed.require(&own, email)?;
    let claimant = Claimant {
        kw,
        actor,
        account: &account,
    };
    let proven = claimant.both(seat, &typed.password, typed.otp.as_ref())?;
    let email = email.clone();
    proven.open(actor, move |change, caller, _| {
        let before = Before::read(change, caller.account)?.ok_or_else(Error::token)?;
        let one = deed.require(&before.emails, &email)?;
        match deed {
            Deed::MakePrimary => make_primary(change, caller.actor, (&before, &one)),
            Deed::Remove => remove(change, caller.actor, (&before, &one)),
        }
    })
}

impl Deed {
    /// The address, where this may be done to it.
    fn require(self, own: &[StoredEmail], email: &Email) -> Result<StoredEmail> {
        let one = own.iter().find(|it| it.canonical == email.canonical());
        let one = one.ok_or_else(no_address)?.clone();
        let proven = own.iter().filter(|it| it.verified).count();
        let words = match self {
            Self::MakePrimary if !one.verified => {
                "This address is not proven yet: POST /auth/email/verify/request mails its code."
            }
            Self::Remove if one.is_primary => {
                "This is the primary address: make another one the primary one first, or change it \
                 by POST /auth/email/change."
            }
            Self::Remove if one.verified && proven == 1 => {
                "This is the only address that was proven: prove the primary one first."
            }
            _ => return Ok(one),
        };
        Err(Error::new(Code::Conflict, words))
    }
}

#[must_use]
pub fn no_address() -> Error {
    Error::new(Code::NotFound, "This account has no such e-mail address.")
}

fn make_primary(
    change: &mut Change<'_>,
    actor: &Actor,
    (before, one): (&Before, &StoredEmail),
) -> Result<()> {
    if one.is_primary {
        return Ok(());
    }
    let (id, now) = (before.account.id, change.now);
    emails::own::make_primary(change, id, &one.canonical, now)?;
    change.record(&actor.event(What::EmailMadePrimary))?;
    if let Some(old) = before.proven() {
        let more = Values::from([("new_address", one.written.as_str())]);
        let wish = Wish::plain(actor.client.clone());
        before.tell(change, (&old, &wish), (LetterPurpose::AddressChanged, more))?;
    }
    before.outdate(change)
}

fn remove(
    change: &mut Change<'_>,
    actor: &Actor,
    (before, one): (&Before, &StoredEmail),
) -> Result<()> {
    let (id, now) = (before.account.id, change.now);
    emails::own::remove(change, id, &one.canonical, now)?;
    // What was mailed to it opens the account no more.
    end_codes(change, id, &one.canonical)?;
    change.record(&actor.event(What::EmailRemoved))?;
    // One that was only written down was never anybody's.
    let gone = one.as_written().filter(|_| one.verified);
    let Some(gone) = gone else {
        return Ok(());
    };
    let wish = Wish::plain(actor.client.clone());
    let more = || Values::from([("removed_address", gone.written())]);
    before.tell(
        change,
        (&gone, &wish),
        (LetterPurpose::AddressRemoved, more()),
    )?;
    if let Some(primary) = before.proven() {
        let to = To {
            account: id,
            email: &primary,
        };
        let mut more = more();
        more.insert("address".to_owned(), primary.written().to_owned());
        let letter = OwnerLetter {
            to,
            purpose: LetterPurpose::AddressRemoved,
            wish: &wish,
            values: more,
        };
        letter.mail(change)?;
    }
    Ok(())
}
