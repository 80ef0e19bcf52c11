//! Another primary e-mail address: proven at the new one before it counts, told to the old one,
//! which can take it back for seven days (L15).

use serde::{Deserialize, Serialize};

use crate::domain::account::Account;
use crate::domain::event::{Event, What};
use crate::domain::identifier::Email;
use crate::domain::letter::{Purpose as Kind, Values};
use crate::domain::one_time::Purpose;
use crate::domain::password::Password;
use crate::domain::session::Client;
use crate::lanes::password_lane::Seat;
use crate::service::accounts::one_time::{Link, look, opened, take};
use crate::service::accounts::post::{
    To, Wish, email_of, mail_choice, mail_code, mail_code_with, tell_exists,
};
use crate::service::accounts::register::email_taken;
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::prove_both::{prove_both, use_both};
use crate::service::change::Change;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::api_keys::Whose;
use crate::store::{accounts, credentials, emails, one_time_codes};
use crate::support::secret::SecretString;

pub struct NewEmail {
    pub email: Email,
    pub password: Password,
    pub otp: Option<SecretString>,
    pub wish: Wish,
}

/// An address as it is to be written.
#[derive(Serialize, Deserialize)]
struct Written {
    email: String,
}

impl Written {
    fn of(email: &Email) -> Self {
        Self {
            email: email.written().to_owned(),
        }
    }

    fn read(&self) -> Result<Email> {
        Email::parse(&self.email).ok_or_else(|| Error::defect("a code holds no e-mail address"))
    }
}

/// The caller proves who they are, as for every change of credentials: mail is a credential.
/// The answer is the same for an address that is another account's; its owner is told (E12).
///
/// # Errors
/// `WRONG_PASSWORD`, `INVALID_OTP`, `ATTEMPTS_EXCEEDED`, `INVALID_PAYLOAD`,
/// `SERVICE_UNAVAILABLE`.
pub fn request(kw: &Keyward, seat: &Seat, actor: &Actor, new: NewEmail) -> Result<()> {
    kw.require_mail()?;
    if new.email.mixes_scripts() {
        return Err(Error::payload("\"email\" mixes letters of several scripts"));
    }
    let account = account_of(kw, actor)?;
    if email_of(&account).is_some_and(|own| own.canonical() == new.email.canonical()) {
        return Err(Error::payload("\"email\" is the present address"));
    }
    let typed = (&new.password, new.otp.as_ref());
    let (second, reservation) = prove_both(kw, seat, (actor, &account), typed)?;
    let actor = actor.clone();
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        use_both(change, account.id, second.as_ref(), &reservation)?;
        change.record(&actor.event(What::EmailChangeRequested))?;
        begin(change, &account, &new)
    })
    .map_err(Error::or_wrong_password)
}

fn begin(change: &mut Change<'_>, account: &Account, new: &NewEmail) -> Result<()> {
    let taken = emails::find(change, &new.email)?;
    if let Some(taken) = taken.filter(|taken| taken.account != account.id) {
        return tell_exists(change, &taken, &new.wish);
    }
    let to = To {
        account: account.id,
        email: &new.email,
    };
    let written = Written::of(&new.email);
    let purpose = (Purpose::ChangeEmail, Kind::Verify);
    mail_code(change, &to, purpose, &new.wish, Some(&written))?;
    Ok(())
}

/// The new address counts. The old one is told, with a code to take it back.
///
/// # Errors
/// `INVALID_CODE`; `CONFLICT` where the address has become another account's meanwhile.
pub fn confirm(kw: &Keyward, code: &SecretString, wish: &Wish) -> Result<()> {
    let (code, wish) = (code.clone(), wish.clone());
    kw.change(move |change| {
        let kw = change.kw;
        let id = look(kw, change, &code, Purpose::ChangeEmail)?.account;
        if !accounts::hold(change, id)? {
            return Err(Error::one_time_code());
        }
        let used = take(change, &code, Purpose::ChangeEmail)?;
        let written: Option<Written> = opened(kw, &used)?;
        let new = written.ok_or_else(Error::one_time_code)?.read()?;
        let account = accounts::lookup(change, id)?.ok_or_else(Error::one_time_code)?;
        if !account.enabled {
            return Err(Error::one_time_code());
        }
        let now = change.now;
        emails::replace_primary(change, id, &new, now)?.map_err(|_| email_taken())?;
        // What was mailed to the old address opens the account no more.
        one_time_codes::remove_all_of(change, id)?;
        change.record(&Event::new(What::EmailChanged, wish.client.clone()).of(id))?;
        tell_old(change, &account, &new, &wish)
    })
}

fn tell_old(change: &mut Change<'_>, account: &Account, new: &Email, wish: &Wish) -> Result<()> {
    // Who never proved it was never its owner.
    let old = email_of(account).filter(|_| account.verified);
    let Some(old) = old else {
        return Ok(());
    };
    let to = To {
        account: account.id,
        email: &old,
    };
    let written = Written::of(&old);
    let wish = Wish {
        // The page of an application knows how to confirm, and not how to take back.
        link: Link::OwnPage,
        ..wish.clone()
    };
    let purpose = (Purpose::KeepEmail, Kind::AddressChanged);
    let more = Values::from([("new_address", new.written())]);
    mail_code_with(change, &to, purpose, (&wish, more), Some(&written))?;
    Ok(())
}

/// Whoever reads the mail of the address before takes the change back. All sessions and keys end,
/// and the password is dead: somebody else had the account. A code to choose another one is mailed.
///
/// # Errors
/// `INVALID_CODE`; `CONFLICT` where the address has become another account's meanwhile.
pub fn take_back(kw: &Keyward, code: &SecretString, client: &Client) -> Result<()> {
    let (code, client) = (code.clone(), client.clone());
    kw.change(move |change| {
        let kw = change.kw;
        let id = look(kw, change, &code, Purpose::KeepEmail)?.account;
        if !accounts::hold(change, id)? {
            return Err(Error::one_time_code());
        }
        let used = take(change, &code, Purpose::KeepEmail)?;
        let written: Option<Written> = opened(kw, &used)?;
        let old = written.ok_or_else(Error::one_time_code)?.read()?;
        let now = change.now;
        if !accounts::lookup(change, id)?.is_some_and(|account| account.enabled) {
            return Err(Error::one_time_code());
        }
        emails::replace_primary(change, id, &old, now)?.map_err(|_| email_taken())?;
        one_time_codes::remove_all_of(change, id)?;
        one_time_codes::remove_since(change, &used)?;
        change.record(&Event::new(What::EmailChangeCancelled, client.clone()).of(id))?;
        // Whoever changed the address knew the password, and may have made a key to stay.
        change.revoke_keys(Whose::Account(id))?;
        credentials::remove(change, id)?;
        change.end_all_of(id)?;
        let to = To {
            account: id,
            email: &old,
        };
        mail_choice(change, &to, &client)
    })
}
