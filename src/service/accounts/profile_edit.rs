//! What an owner says of themselves, at registration or later.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::identifier::{Email, Username};
use crate::domain::profile::{Phone, Profile, Terms, Unfit, attributes};
use crate::domain::rights::reserved_usernames::is_reserved;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::service::refusal_reason::Reason;
use crate::store::{accounts, phones, profiles};

/// What is to be changed; `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    pub username: Option<Username>,
    pub first_name: Option<Option<String>>,
    pub last_name: Option<Option<String>>,
    pub middle_name: Option<Option<String>>,
    pub gender: Option<Option<String>>,
    pub company: Option<Option<String>>,
    pub date_of_birth: Option<Option<String>>,
    pub address: Option<Option<Value>>,
    pub language: Option<Option<String>>,
    pub parent_id: Option<Option<i64>>,
    pub groups: Option<Vec<String>>,
    /// The first is the primary one.
    pub phones: Option<Vec<String>>,
    /// The primary one; the others stay. Not beside `phones`.
    pub phone: Option<Option<String>>,
    /// The whole of them.
    pub attributes: Option<Map<String, Value>>,
    /// Single ones; the others stay as they are.
    pub single_attributes: Map<String, Value>,
    /// Accepts the terms of now. What was accepted is not taken back.
    pub accepts_terms: bool,
}

impl Edit {
    fn is_of_profile(&self) -> bool {
        self.middle_name.is_some()
            || self.gender.is_some()
            || self.company.is_some()
            || self.date_of_birth.is_some()
            || self.address.is_some()
            || self.language.is_some()
            || self.parent_id.is_some()
            || self.groups.is_some()
            || self.attributes.is_some()
            || !self.single_attributes.is_empty()
            || self.accepts_terms
    }

    fn change(&self, profile: &mut Profile) {
        fn set<T: Clone>(field: &mut T, new: Option<&T>) {
            if let Some(new) = new {
                field.clone_from(new);
            }
        }
        set(&mut profile.middle_name, self.middle_name.as_ref());
        set(&mut profile.gender, self.gender.as_ref());
        set(&mut profile.company, self.company.as_ref());
        set(&mut profile.date_of_birth, self.date_of_birth.as_ref());
        set(&mut profile.address, self.address.as_ref());
        set(&mut profile.language, self.language.as_ref());
        set(&mut profile.parent_id, self.parent_id.as_ref());
        set(&mut profile.groups, self.groups.as_ref());
        set(&mut profile.attributes, self.attributes.as_ref());
        profile.attributes.extend(self.single_attributes.clone());
    }
}

/// Writes what is not so already. Whether there was any of it.
///
/// # Errors
/// `CONFLICT` where the username is another account's.
pub(in crate::service) fn write<'t>(
    change: &mut Change<'t>,
    account: Held<'t, AccountId>,
    edit: &Edit,
) -> Result<bool> {
    let before = accounts::lookup(change, account.id())?.ok_or_else(Error::token)?;
    let mut changed = set_username(change, &before, edit)?;
    changed |= set_names(change, &before, edit)?;
    changed |= set_profile(change, &before, edit)?;
    changed |= set_phones(change, &before, edit)?;
    Ok(changed)
}

fn set_names(change: &mut Change<'_>, before: &Account, edit: &Edit) -> Result<bool> {
    let first = edit.first_name.as_ref().unwrap_or(&before.first_name);
    let last = edit.last_name.as_ref().unwrap_or(&before.last_name);
    if (first, last) == (&before.first_name, &before.last_name) {
        return Ok(false);
    }
    let (now, names) = (change.now, (first.as_deref(), last.as_deref()));
    accounts::set_names(change, before.id, names, now)?;
    Ok(true)
}

fn set_profile(change: &mut Change<'_>, before: &Account, edit: &Edit) -> Result<bool> {
    if !edit.is_of_profile() {
        return Ok(false);
    }
    let (now, id) = (change.now, before.id);
    let stood = profiles::lookup(change, id)?;
    let mut profile = stood.clone();
    edit.change(&mut profile);
    // Together they may be too large.
    profile.attributes = attributes(&Value::Object(profile.attributes)).map_err(too_large)?;
    let version = &change.kw.policy.registration.terms_version;
    // Who sends the whole profile once more accepted these terms when they did so first.
    let accepted = before.terms_accepted
        && (stood.terms.as_ref()).is_some_and(|terms| terms.version == *version);
    if edit.accepts_terms && !accepted {
        profile.terms = Some(Terms {
            version: version.clone(),
            accepted_at: now,
        });
        accounts::set_terms(change, id, true, now)?;
    }
    if profile == stood {
        return Ok(false);
    }
    profiles::set(change, id, &profile)?;
    accounts::touch(change, id, now)?;
    Ok(true)
}

fn set_phones(change: &mut Change<'_>, before: &Account, edit: &Edit) -> Result<bool> {
    if edit.phones.is_none() && edit.phone.is_none() {
        return Ok(false);
    }
    let (now, id) = (change.now, before.id);
    let stood = phones::list_of(change, id)?;
    let numbers = numbers(&stood, edit);
    if are_these(&stood, &numbers) {
        return Ok(false);
    }
    phones::replace(change, id, &numbers, now)?;
    accounts::touch(change, id, now)?;
    Ok(true)
}

/// An object is all that they are by then, so their size is all that can be wrong with them.
fn too_large(why: Unfit) -> Error {
    Error::payload_for(Reason::AttributesTooLarge, format!("\"attributes\" {why}"))
}

/// What tokens and API keys say of the name before must not outlive it: a proxy takes it for who
/// asks, and another account may have it by now (docs/decisions/0141).
fn set_username(change: &mut Change<'_>, before: &Account, edit: &Edit) -> Result<bool> {
    let stands = |username: &&Username| before.username.as_deref() == Some(username.written());
    let Some(username) = edit.username.as_ref().filter(|it| !stands(it)) else {
        return Ok(false);
    };
    require_one_script(username)?;
    let (now, id) = (change.now, before.id);
    accounts::set_username(change, id, username, now)?.map_err(|_| username_taken())?;
    // The same name in other letters is nobody else's.
    let before = before.username.as_deref().and_then(Username::parse);
    if before.is_some_and(|before| !before.is_same(username)) {
        change.outdate_tokens(id)?;
    }
    Ok(true)
}

/// Which telephones there are then, the primary one first.
fn numbers(stood: &[Phone], edit: &Edit) -> Vec<String> {
    if let Some(phones) = &edit.phones {
        return phones.clone();
    }
    let primary = edit.phone.as_ref().and_then(Option::as_ref);
    let others = stood.iter().filter(|it| !it.is_primary).map(|it| &it.value);
    let others = others.filter(|it| Some(*it) != primary);
    primary.into_iter().chain(others).cloned().collect()
}

/// Whether they are stored so: which is the primary one counts, and the order of the others is not kept.
fn are_these(stood: &[Phone], numbers: &[String]) -> bool {
    let primary = stood.iter().find(|it| it.is_primary).map(|it| &it.value);
    let stood: BTreeSet<&String> = stood.iter().map(|it| &it.value).collect();
    primary == numbers.first() && stood == numbers.iter().collect()
}

/// An account is found by one of them.
///
/// # Errors
/// `INVALID_PAYLOAD` where there is neither.
pub(in crate::service) fn require_name(
    email: Option<&Email>,
    username: Option<&Username>,
) -> Result<()> {
    if email.is_none() && username.is_none() {
        return Err(Error::payload("\"email\" or \"username\" is required"));
    }
    Ok(())
}

/// Whoever chooses their own name chooses none that others take for the service's, and none that does
/// something where an application makes a folder or a command line of it.
///
/// # Errors
/// `INVALID_PAYLOAD`.
pub(in crate::service) fn require_unreserved(username: &Username) -> Result<()> {
    if is_reserved(username) {
        let message = "\"username\" is reserved for administrators to give: choose another one";
        return Err(Error::payload(message));
    }
    if username.is_path_or_command() {
        let message = "\"username\" must not be a path or a command: leave out / \\ ~ $ * ; < > | & \" ` \
             and a hyphen or dots at its beginning";
        return Err(Error::payload(message));
    }
    Ok(())
}

/// # Errors
/// `INVALID_PAYLOAD` where a name could be taken for another's by its looks.
pub(in crate::service) fn require_one_script(username: &Username) -> Result<()> {
    if username.mixes_scripts() {
        let message = "\"username\" mixes letters of several scripts";
        return Err(Error::payload(message));
    }
    Ok(())
}

pub(in crate::service) fn username_taken() -> Error {
    let message = "That username belongs to another account.";
    Error::new(Code::Conflict, message)
}
