//! Registering: an account by its owner. Whether an address has an account already is told by
//! mail to whoever reads it (E7), but for the faces whose originals tell the caller.

use std::sync::Arc;
use std::time::Duration;

use crate::config::settings::registration::Who;
use crate::domain::account::Account;
use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::{Email, Identifier};
use crate::domain::mail_letter::LetterPurpose;
use crate::domain::one_time_code::CodePurpose;
use crate::domain::password::{Password, PasswordRecord};
use crate::lanes::password_lane::Seat;
use crate::service::account_changes::hash_chosen_password::hashed;
use crate::service::accounts::guest;
use crate::service::accounts::profile_edit::{
    self, Edit, require_name, require_one_script, require_unreserved, username_taken,
};
use crate::service::actor::Actor;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::owner_mail::{OwnerLetter, To, Wish, tell_exists};
use crate::service::mail::quota;
use crate::store::audit::audit_events;
use crate::store::emails::{self, StoredEmail};
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
    /// The guest who registers, and stays the same account (rows P-08, P-15).
    pub guest: Option<Actor>,
}

/// So many further addresses are taken: each is mailed a code beside the primary one, and no more than
/// three mails of one purpose go out for an account within an hour (docs/decisions/0176).
const MOST_FURTHER: usize = 2;

/// Whoever asks once more so soon, from the same address, had no answer: it is no other person.
const ONCE_MORE: Duration = Duration::from_secs(600);

/// What became of one try.
enum Step {
    Made(Account),
    Told,
    /// Somebody registered the address since it was looked for.
    Again,
}

/// # Errors
/// `FORBIDDEN` where registration is not open; `INVALID_PAYLOAD`; `CONFLICT` where the username
/// is taken, where the address is and the face tells, and where the guest has an account by now;
/// `INVALID_TOKEN` where the guest's session is over; `REQUESTS_EXCEEDED` where no further
/// mail is sent for the client, or it was told often enough who has an account;
/// `SERVICE_UNAVAILABLE`.
pub fn register(kw: &Keyward, seat: &Seat, mut new: Registration) -> Result<Option<Account>> {
    require_open(kw)?;
    new.sort_out();
    require_plain(kw, &new)?;
    require_quotas(kw, &new)?;
    let known = [
        new.email.as_ref().map(|email| email.written().to_owned()),
        new.edit
            .username
            .as_ref()
            .map(|name| name.written().to_owned()),
    ];
    // Before the address is looked up, so that both kinds of it take a hash's time (E8).
    let record = hashed(kw, seat, &new.password, &known)?;
    let new = Arc::new((new, record));
    for _ in 0..2 {
        let new = Arc::clone(&new);
        match kw.change(move |change| step(change, &new.0, &new.1))? {
            Step::Made(account) => return Ok(Some(account)),
            Step::Told => return Ok(None),
            Step::Again => {}
        }
    }
    Err(Error::busy("an address is registered by many at once"))
}

impl Registration {
    /// The first of the further addresses is the primary one where none is said to be, and none
    /// of them is named twice.
    pub fn sort_out(&mut self) {
        if self.email.is_none() && !self.more.is_empty() {
            self.email = Some(self.more.remove(0));
        }
        if let Some(email) = &self.email {
            self.more.retain(|other| !other.is_same(email));
        }
    }
}

/// Committed before anything is looked up: a refusal must count, too.
fn require_quotas(kw: &Keyward, new: &Registration) -> Result<()> {
    let mails = usize::from(new.email.is_some()) + new.more.len();
    if mails > 0 {
        kw.require_mail()?;
    }
    let tells = new.tells || new.edit.username.is_some();
    let client = new.wish.client.clone();
    let may = kw.change(move |change| {
        let may = quota::may_ask_for_mail(change, &client, mails)?;
        Ok(may && (!tells || quota::may_be_told(change, &client)?))
    })?;
    if may {
        return Ok(());
    }
    let words = "Too many registrations from this address within an hour.";
    Err(Error::quota(words))
}

fn step(change: &mut Change<'_>, new: &Registration, record: &PasswordRecord) -> Result<Step> {
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
        None => add(change, new, record),
        Some(_) if new.tells => Err(email_taken()),
        Some(taken) => register_again(change, new, &taken),
    }
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

fn require_plain(kw: &Keyward, new: &Registration) -> Result<()> {
    if new.email.is_none() && kw.policy.require_verified_email {
        let words = "\"email\" is required: people sign in here once they have proven one";
        return Err(Error::payload(words));
    }
    require_name(new.email.as_ref(), new.edit.username.as_ref())?;
    if new.more.len() > MOST_FURTHER {
        let words = "\"emails\" must not hold more than 2 addresses beside the primary one: each is \
                     mailed a code. Further ones are added by POST /auth/me/emails";
        return Err(Error::payload(words));
    }
    if let Some(username) = &new.edit.username {
        require_one_script(username)?;
        require_unreserved(username)?;
    }
    if new.email.iter().chain(&new.more).any(Email::mixes_scripts) {
        return Err(Error::payload("\"email\" mixes letters of several scripts"));
    }
    Ok(())
}

fn add(change: &mut Change<'_>, new: &Registration, record: &PasswordRecord) -> Result<Step> {
    let now = change.now;
    let id = match &new.guest {
        Some(guest) => guest.account(),
        None => AccountId(change.kw.entropy.id(now)),
    };
    let row = accounts::New {
        id,
        email: new.email.clone(),
        username: new.edit.username.clone(),
        verified: false,
        created_by: Some(id),
        now,
    };
    let added = match &new.guest {
        Some(guest) => guest::upgrade(change, guest, &row)?,
        None => change.add_account(&row)?,
    };
    let Some(added) = added else {
        // Asked again, the address is found; a username is told of.
        return Ok(Step::Again);
    };
    credentials::set(change, id, record, now)?;
    let others = Edit {
        username: None,
        ..new.edit.clone()
    };
    profile_edit::write(change, added, &others)?;
    let event = Event::new(What::AccountRegistered, new.wish.client.clone());
    change.record(&event.of(id))?;
    for email in new.email.iter().chain(&new.more) {
        prove(change, new, id, email)?;
    }
    let account = accounts::lookup(change, id)?;
    account
        .map(Step::Made)
        .ok_or_else(|| Error::defect("a new account is not there"))
}

/// Mails a code for the address. If a further address belongs to another account, nothing is added and
/// the caller is not told.
fn prove(change: &mut Change<'_>, new: &Registration, id: AccountId, email: &Email) -> Result<()> {
    let further = emails::New {
        account: id,
        email,
        verified: false,
        is_primary: false,
        now: change.now,
    };
    if Some(email) != new.email.as_ref() && emails::add(change, &further)?.is_err() {
        // Whoever asks has asked (docs/decisions/0161).
        quota::take_ask(change, &new.wish.client)?;
        return Ok(());
    }
    let to = To { account: id, email };
    let letter = OwnerLetter::new(to, LetterPurpose::Verify, &new.wish);
    letter.mail_code(change, CodePurpose::VerifyEmail, None::<&()>)?;
    Ok(())
}

/// The address has an account. If it was never proven, nobody knows whose the password is, and
/// whoever proves the address will choose another (L14); else its owner is told.
fn register_again(
    change: &mut Change<'_>,
    new: &Registration,
    found: &StoredEmail,
) -> Result<Step> {
    // It may be proven at this moment, or its owner leave.
    if change.hold_account(found.account)?.is_none() {
        return Ok(Step::Again);
    }
    let taken = emails::lookup(change, found.account, &found.canonical)?;
    let Some(taken) = taken.filter(|taken| !taken.verified) else {
        tell_exists(change, found, &new.wish)?;
        return Ok(Step::Told);
    };
    let account = accounts::lookup(change, taken.account)?;
    let email = taken.as_written();
    let (Some(account), Some(email)) = (account.filter(|it| it.enabled), email) else {
        quota::take_ask(change, &new.wish.client)?;
        return Ok(Step::Told);
    };
    if !is_once_more(change, &account, &new.wish)? {
        emails::contest(change, &taken)?;
    }
    let to = To {
        account: account.id,
        email: &email,
    };
    let letter = OwnerLetter::new(to, LetterPurpose::Verify, &new.wish);
    letter.mail_code(change, CodePurpose::VerifyEmail, None::<&()>)?;
    Ok(Step::Told)
}

fn is_once_more(change: &mut Change<'_>, account: &Account, wish: &Wish) -> Result<bool> {
    let Some(address) = wish.client.address else {
        return Ok(false);
    };
    let registered = (account.id, What::AccountRegistered);
    let since = change.now - ONCE_MORE;
    Ok(audit_events::happened_from(
        change, registered, address, since,
    )?)
}

pub(in crate::service) fn email_taken() -> Error {
    let message = "That e-mail address belongs to another account.";
    Error::new(Code::Conflict, message)
}
