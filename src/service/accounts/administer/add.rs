//! An account by an administrator.

use crate::domain::event::What;
use crate::domain::id::AccountId;
use crate::domain::identifier::{Email, Username};
use crate::domain::organization::Scope;
use crate::domain::password::{Password, PasswordRecord};
use crate::domain::rights::access::ADMINISTRATOR;
use crate::lanes::password_lane::Seat;
use crate::service::account_changes::hash_chosen_password::hashed;
use crate::service::accounts::profile_edit::{self, Edit, require_name};
use crate::service::administrator::Administrator;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::store::{accounts, credentials, emails, organization_roles, roles};

pub struct NewAccount {
    pub email: Option<Email>,
    /// Addresses beside that one.
    pub further: Vec<Email>,
    pub username: Option<Username>,
    pub password: Option<Password>,
    pub admin: bool,
    /// Whether the address counts as proven: an administrator vouches for it, and no API key does.
    pub verified: bool,
}

/// # Errors
/// `CONFLICT` where the e-mail address or username is taken; `INVALID_PAYLOAD` where there is neither,
/// and where one of them could be taken for another's by its looks; `SERVICE_UNAVAILABLE`.
pub fn add_account(by: impl Into<Administrator>, new: NewAccount) -> Result<AccountId> {
    let by = by.into();
    let kw = &by.kw;
    require_name(new.email.as_ref(), new.username.as_ref())?;
    // Before the hash, whose salt is of the same chance.
    let id = AccountId(kw.entropy.id(kw.clock.now()));
    let password = new.password.as_ref();
    let record = password.map(|password| kw.hasher.hash(password, &kw.entropy));
    let record = record.transpose()?;
    let role = new.admin.then(|| ADMINISTRATOR.to_owned());
    add_with_record((by, id), new, record, (Edit::default(), role))
}

/// The same by way of the password lane, and only with a password that the policy takes.
/// `more`: the profile, and a role.
///
/// # Errors
/// As [`add_account`]; `INVALID_PAYLOAD` where there is no such role, and where the password is
/// refused; `FORBIDDEN` for an API key that would give a password or a role.
pub fn add_on_lane(
    by: impl Into<Administrator>,
    seat: &Seat,
    new: NewAccount,
    more: (Edit, Option<String>),
) -> Result<AccountId> {
    let by = by.into();
    require_name(new.email.as_ref(), new.username.as_ref())?;
    if new.password.is_some() {
        // Who found a key must not stay by an account.
        by.require_person()?;
    }
    let about = [
        new.email.as_ref().map(|it| it.written().to_owned()),
        new.username.as_ref().map(|it| it.written().to_owned()),
    ];
    let record = match &new.password {
        Some(password) => Some(hashed(&by.kw, seat, password, &about)?),
        None => None,
    };
    let id = AccountId(by.kw.entropy.id(by.kw.clock.now()));
    add_with_record((by, id), new, record, more)
}

/// An account of a program, which has API keys, and neither a password nor an address.
///
/// # Errors
/// `CONFLICT` where the username is taken; `INVALID_PAYLOAD` where it could be taken for another's
/// by its looks; `INVALID_PAYLOAD` where there is no such role; `SERVICE_UNAVAILABLE`.
pub fn add_machine(
    by: impl Into<Administrator>,
    username: Username,
    (edit, role): (Edit, Option<String>),
) -> Result<AccountId> {
    let by = by.into();
    let id = AccountId(by.kw.entropy.id(by.kw.clock.now()));
    let new = NewAccount {
        further: Vec::new(),
        email: None,
        username: Some(username),
        password: None,
        admin: false,
        verified: false,
    };
    let more = More {
        record: None,
        machine: true,
        edit,
        role,
    };
    add_with((by, id), new, more)
}

/// What an account begins with, beside its names.
struct More {
    record: Option<PasswordRecord>,
    machine: bool,
    edit: Edit,
    role: Option<String>,
}

fn add_with_record(
    (by, id): (Administrator, AccountId),
    new: NewAccount,
    record: Option<PasswordRecord>,
    (edit, role): (Edit, Option<String>),
) -> Result<AccountId> {
    let more = More {
        record,
        machine: false,
        edit,
        role,
    };
    add_with((by, id), new, more)
}

fn add_with(
    (by, id): (Administrator, AccountId),
    new: NewAccount,
    more: More,
) -> Result<AccountId> {
    let kw = by.kw.clone();
    if more.role.is_some() {
        by.require_person()?;
    }
    if let Some(username) = &new.username {
        by.require_giver_of(username)?;
    }
    let mixed = new.email.as_ref().is_some_and(Email::mixes_scripts)
        || new.further.iter().any(Email::mixes_scripts)
        || new.username.as_ref().is_some_and(Username::mixes_scripts);
    if mixed {
        let message = "The e-mail address or username mixes letters of several scripts.";
        return Err(Error::payload(message));
    }
    let now = kw.clock.now();
    let row = accounts::New {
        id,
        email: new.email,
        username: new.username,
        // A program vouches for nobody: who found its key would have an account by any address.
        verified: new.verified && !by.is_key(),
        created_by: by.account(),
        now,
    };
    kw.change(move |change| {
        by.hold_own(change)?;
        let added = change.add_account(&row)?.ok_or_else(taken)?;
        add_further(change, &row, &new.further)?;
        if more.machine {
            accounts::make_machine(change, id)?;
        }
        if let Some(record) = &more.record {
            credentials::set(change, id, record, now)?;
        }
        profile_edit::write(change, added, &more.edit)?;
        if let Some(role) = &more.role {
            if !organization_roles::keep(change, role, Scope::Service)? {
                return Err(Error::payload("\"role\" is not the name of a role"));
            }
            roles::grant(change, id, role, now)?;
            // At the command line the event of the account is enough: nobody else was there.
            if by.account().is_some() {
                change.record(&by.event(What::RoleGranted).of(id).with_role(role))?;
            }
        }
        change.record(&by.event(What::AccountAdded).of(id))
    })?;
    Ok(id)
}

fn add_further(change: &mut Change<'_>, of: &accounts::New, further: &[Email]) -> Result<()> {
    for email in further {
        let new = emails::New {
            account: of.id,
            email,
            verified: of.verified,
            is_primary: false,
            now: of.now,
        };
        emails::add(change, &new)?.map_err(|_| taken())?;
    }
    Ok(())
}

fn taken() -> Error {
    let words = "That e-mail address or username belongs to another account.";
    Error::new(Code::Conflict, words)
}
