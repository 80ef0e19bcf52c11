//! Registering: an account by its owner. Whether an address has an account already is told by
//! mail to whoever reads it (E7), but for the faces whose originals tell the caller.

use serde::{Deserialize, Serialize};

use crate::config::registration::Who;
use crate::domain::account::Account;
use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::{Email, Identifier};
use crate::domain::letter::{Purpose as Kind, Values};
use crate::domain::one_time::Purpose;
use crate::domain::password::Password;
use crate::lanes::password_lane::Seat;
use crate::service::accounts::choose::hashed;
use crate::service::accounts::edit::{self, Edit, require_one_script, username_taken};
use crate::service::accounts::post::{To, Wish, mail, mail_code};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::quota;
use crate::store::emails::{self, Stored};
use crate::store::{accounts, credentials};

pub struct Registration {
    pub email: Option<Email>,
    pub password: Password,
    /// The username stands in here.
    pub edit: Edit,
    /// Further addresses. Each is good for signing in once it is proven.
    pub more: Vec<Email>,
    pub wish: Wish,
    /// Whether the caller is told that an address has an account already.
    pub tells: bool,
}

/// The mark of a code for an address that was registered more than once before anybody proved
/// it. Whose password it has nobody knows then, so none of them counts (L14).
#[derive(Serialize, Deserialize)]
pub(in crate::service) struct Again {
    pub(in crate::service) again: bool,
}

/// # Errors
/// `FORBIDDEN` where registration is not open; `INVALID_PAYLOAD`; `CONFLICT` where the username
/// is taken, and where the address is and the face tells; `SERVICE_UNAVAILABLE`.
pub fn register(kw: &Keyward, seat: &Seat, new: Registration) -> Result<Option<Account>> {
    require_open(kw)?;
    require_plain(&new)?;
    if new.email.is_some() || !new.more.is_empty() {
        kw.require_mail()?;
    }
    if new.tells {
        // Committed before the address is looked up: a refusal must count, too.
        let client = new.wish.client.clone();
        if !kw.change(move |change| quota::may_be_told(change, &client))? {
            let words = "Too many registrations from this address within an hour.";
            return Err(Error::wait(Code::RequestsExceeded, words, 3600));
        }
    }
    let known = [
        new.email.as_ref().map(|email| email.written().to_owned()),
        new.edit
            .username
            .as_ref()
            .map(|name| name.written().to_owned()),
    ];
    // Before the address is looked up, so that both kinds of it take a hash's time (E8).
    let record = hashed(kw, seat, &new.password, &known)?;
    kw.change(move |change| {
        // Before the address: a name that is taken must not tell whether an address is.
        if let Some(name) = &new.edit.username {
            let name = Identifier::Username(name.clone());
            if accounts::find_by_identifier(change, &name)?.is_some() {
                return Err(username_taken());
            }
        }
        let taken = match &new.email {
            Some(email) => emails::find(change, email)?,
            None => None,
        };
        match taken {
            None => add(change, &new, &record).map(Some),
            Some(_) if new.tells => Err(email_taken()),
            Some(taken) => {
                tell_owner(change, &new, &taken)?;
                Ok(None)
            }
        }
    })
}

/// # Errors
/// `FORBIDDEN`, with the setting's name.
pub(in crate::service) fn require_open(kw: &Keyward) -> Result<()> {
    match kw.policy.registration.who {
        Who::Open => Ok(()),
        Who::Invite => Err(Error::forbidden(
            "Registration is by invitation here: its operator sets KEYWARD_REGISTRATION.",
        )),
        Who::Closed => Err(Error::forbidden(
            "Registration is closed here: its operator opens it by KEYWARD_REGISTRATION=open.",
        )),
    }
}

fn require_plain(new: &Registration) -> Result<()> {
    if new.email.is_none() && new.edit.username.is_none() {
        return Err(Error::payload("\"email\" or \"username\" is required"));
    }
    if let Some(username) = &new.edit.username {
        require_one_script(username)?;
    }
    if new.email.iter().chain(&new.more).any(Email::mixes_scripts) {
        return Err(Error::payload("\"email\" mixes letters of several scripts"));
    }
    Ok(())
}

fn add(change: &mut Change<'_>, new: &Registration, record: &str) -> Result<Account> {
    let now = change.now;
    let id = AccountId(change.kw.entropy.id(now));
    let row = accounts::New {
        id,
        email: new.email.clone(),
        username: new.edit.username.clone(),
        verified: false,
        created_by: Some(id),
        now,
    };
    if accounts::add(change, &row)?.is_err() {
        return Err(match &new.email {
            // Somebody registered it since it was looked for: asked again, it is found.
            Some(email) if emails::find(change, email)?.is_some() => {
                Error::busy("an address was registered twice at once")
            }
            _ => username_taken(),
        });
    }
    credentials::set(change, id, record, now)?;
    let others = Edit {
        username: None,
        ..new.edit.clone()
    };
    edit::write(change, id, &others)?;
    let event = Event::new(What::AccountRegistered, new.wish.client.clone());
    change.record(&event.of(id))?;
    for email in new.email.iter().chain(&new.more) {
        prove(change, new, id, email)?;
    }
    accounts::lookup(change, id)?.ok_or_else(|| Error::defect("a new account is not there"))
}

/// Mails a code for the address. A further one that is somebody's is that one's, and the
/// caller is not told of it.
fn prove(change: &mut Change<'_>, new: &Registration, id: AccountId, email: &Email) -> Result<()> {
    let now = change.now;
    if Some(email) != new.email.as_ref()
        && emails::add(change, id, email, (false, false), now)?.is_err()
    {
        return Ok(());
    }
    let to = To { account: id, email };
    let purpose = (Purpose::VerifyEmail, Kind::Verify);
    mail_code(change, &to, purpose, &new.wish, None::<&Again>)?;
    Ok(())
}

/// The address has an account. If it was never proven, whoever reads its mail proves it and
/// chooses a password; else its owner is told.
fn tell_owner(change: &mut Change<'_>, new: &Registration, taken: &Stored) -> Result<()> {
    let Some(account) = accounts::lookup(change, taken.account)?.filter(|it| it.enabled) else {
        return Ok(());
    };
    let Some(email) = Email::parse(&taken.written) else {
        return Ok(());
    };
    let to = To {
        account: account.id,
        email: &email,
    };
    if taken.verified {
        let values = Values::from([("address", taken.written.clone())]);
        mail(change, &to, Kind::AccountExists, &new.wish, values)?;
        return Ok(());
    }
    let again = Again { again: true };
    let purpose = (Purpose::VerifyEmail, Kind::Verify);
    mail_code(change, &to, purpose, &new.wish, Some(&again))?;
    Ok(())
}

fn email_taken() -> Error {
    let message = "That e-mail address belongs to another account.";
    Error::new(Code::Conflict, message)
}
