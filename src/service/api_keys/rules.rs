//! What a key may be, whoever makes it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::crypto::api_key;
use crate::domain::event::{Event, What};
use crate::domain::id::{AccountId, ApiKeyId, OrganizationId};
use crate::domain::organization::Name;
use crate::domain::rights::api_key::{ApiKey, MOST, MOST_OF_A_NAME};
use crate::domain::rights::assurance::Wanted;
use crate::domain::rights::permission::{is_of_service, may_be_in_key};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::store::{AnyConnection, access, api_keys};
use crate::support::clock::Timestamp;
use crate::support::secret::SecretString;

/// How long ago whoever makes a key may have shown who they are.
const HOUR: Duration = Duration::from_secs(3600);

/// The most keys of an account that are kept, those that are over among them.
const MOST_ROWS: usize = 10 * MOST;

/// A key to be made.
#[derive(Clone)]
pub struct New {
    pub name: Name,
    pub scope: BTreeSet<String>,
    pub organization: Option<OrganizationId>,
    pub expires_at: Option<Timestamp>,
}

/// A key that was made. Its text is told once.
#[derive(Clone)]
pub struct Made {
    pub key: ApiKey,
    pub text: SecretString,
}

/// The most letters of a scope: a proxy takes all of it in one header.
const LONGEST: usize = 2000;

/// # Errors
/// `INVALID_PAYLOAD` where one of them is no permission, or they are too many.
pub fn words(words: Vec<String>) -> Result<BTreeSet<String>> {
    if !words.iter().all(|word| may_be_in_key(word)) {
        return Err(Error::payload(
            "\"permissions\" must be a list of words of the form thing:deed, or the word admin; of \
             Keyward's own things those that docs/OPERATIONS.md lists",
        ));
    }
    let words: BTreeSet<String> = words.into_iter().collect();
    if words.iter().map(|word| word.len() + 1).sum::<usize>() > LONGEST {
        return Err(Error::payload(
            "\"permissions\" are longer than 2,000 letters: make a key for each purpose",
        ));
    }
    Ok(words)
}

/// # Errors
/// `INVALID_PAYLOAD` where the key would be over before it begins, or a word of its scope is
/// neither Keyward's own nor one of the operator's list.
pub(in crate::service::api_keys) fn require_good(kw: &Keyward, new: &New) -> Result<()> {
    if new.expires_at.is_some_and(|end| end <= kw.clock.now()) {
        return Err(Error::payload("\"expires\" must be in the future"));
    }
    kw.require_known(&new.scope)
}

/// A key whose row is still to be written.
#[derive(Clone)]
pub(in crate::service::api_keys) struct Draft {
    pub(in crate::service::api_keys) key: ApiKey,
    text: SecretString,
    hash: String,
}

impl Draft {
    pub(in crate::service::api_keys) fn new(
        kw: &Keyward,
        account: AccountId,
        by: Option<AccountId>,
        new: &New,
    ) -> Self {
        let now = kw.clock.now();
        let made = api_key::make(&kw.entropy);
        let key = ApiKey {
            id: ApiKeyId(kw.entropy.id(now)),
            account,
            organization: new.organization,
            name: new.name.written().to_owned(),
            canonical: new.name.canonical().to_owned(),
            hint: made.hint,
            scope: new.scope.clone(),
            created_at: now,
            created_by: by.filter(|by| *by != account),
            expires_at: new.expires_at,
            last_used_at: None,
        };
        Self {
            key,
            text: made.text,
            hash: api_key::stored(&made.hash),
        }
    }

    /// One in the place of another: of the same name and scope, and for as long.
    pub(in crate::service::api_keys) fn in_place_of(
        kw: &Keyward,
        old: &ApiKey,
        by: Option<AccountId>,
    ) -> Self {
        let now = kw.clock.now();
        let made = api_key::make(&kw.entropy);
        let life = |end: Timestamp| {
            let life = end.millis_since(old.created_at);
            let end = now + Duration::from_millis(u64::try_from(life).unwrap_or(0));
            end.at_most_last()
        };
        let key = ApiKey {
            id: ApiKeyId(kw.entropy.id(now)),
            hint: made.hint,
            created_at: now,
            created_by: by.filter(|by| *by != old.account),
            expires_at: old.expires_at.map(life),
            last_used_at: None,
            ..old.clone()
        };
        Self {
            key,
            text: made.text,
            hash: api_key::stored(&made.hash),
        }
    }

    /// Writes the key. Its account is held, so two who make one at the same time count each
    /// other's.
    ///
    /// # Errors
    /// `CONFLICT` where there are as many as may live.
    pub(in crate::service::api_keys) fn write(
        &self,
        change: &mut Change<'_>,
        event: Event,
    ) -> Result<Made> {
        let now = change.now;
        let mut living = api_keys::list_of(change, self.key.account)?;
        if living.len() >= MOST_ROWS {
            let message = "The account made too many API keys lately that are over by now: those \
                           are forgotten after a month.";
            return Err(Error::new(Code::Conflict, message));
        }
        living.retain(|key| !key.is_over(now));
        // In each organization by itself: a session in one does not see another one's.
        let same = living.iter().filter(|it| {
            it.canonical == self.key.canonical && it.organization == self.key.organization
        });
        if same.count() >= MOST_OF_A_NAME {
            let message = "Two keys of that name live, which is the most: revoke one first.";
            return Err(Error::new(Code::Conflict, message));
        }
        if living.len() >= MOST {
            let message = "The account has 100 API keys, which is the most: revoke one first.";
            return Err(Error::new(Code::Conflict, message));
        }
        api_keys::add(change, &self.key, &self.hash)?;
        notice::record(change, &event.about_key(&self.key))?;
        Ok(Made {
            key: self.key.clone(),
            text: self.text.clone(),
        })
    }
}

/// What is asked of whoever makes or rotates a key, whosever it is: it outlives the session that makes
/// it, and an access token travels to other servers (docs/decisions/0156, 0175).
pub(in crate::service::api_keys) fn lately() -> Wanted {
    Wanted::within(HOUR)
}

/// Whether keys of this scope open what is of the whole service.
pub(in crate::service::api_keys) fn is_powerful(scope: &BTreeSet<String>) -> bool {
    scope.iter().any(|word| is_of_service(word))
}

/// Revokes the key, whose account is held.
pub(in crate::service::api_keys) fn revoke(
    change: &mut Change<'_>,
    event: Event,
    key: &ApiKey,
) -> Result<()> {
    debug_assert_eq!(event.what, What::ApiKeyRevoked);
    change.revoke_key(key.id)?;
    change.record(&event.about_key(key))
}

/// Whether the account holds all of a scope now.
pub(in crate::service::api_keys) enum HoldsScope {
    All,
    Lacks(String),
    /// It is no active member of the organization.
    NoMember,
}

/// Looks in the organization, or anywhere.
pub(in crate::service::api_keys) fn look_through(
    db: &mut AnyConnection,
    account: AccountId,
    (organization, scope): (Option<OrganizationId>, &BTreeSet<String>),
) -> Result<HoldsScope> {
    let held = match organization {
        None => Some(access::anywhere(db, account)?),
        Some(id) => access::in_organization(db, account, id)?,
    };
    let Some(held) = held else {
        return Ok(HoldsScope::NoMember);
    };
    let lacking = scope.difference(&held).next();
    Ok(lacking.map_or(HoldsScope::All, |word| HoldsScope::Lacks(word.clone())))
}

/// Before a key takes the place of another: what its account lost since, and the end that it had,
/// are not given back.
///
/// # Errors
/// `CONFLICT`.
pub(in crate::service::api_keys) fn require_renewable(
    change: &mut Change<'_>,
    old: &ApiKey,
) -> Result<()> {
    if old.is_over(change.now) {
        let message = "That key is past its end: make another one.";
        return Err(Error::new(Code::Conflict, message));
    }
    let held = look_through(change, old.account, (old.organization, &old.scope))?;
    let message = match held {
        HoldsScope::All => return Ok(()),
        HoldsScope::Lacks(word) => format!(
            "The account has not the permission \"{word}\" any more: make a key without it."
        ),
        HoldsScope::NoMember => {
            "The account is no active member of the key's organization any more.".to_owned()
        }
    };
    Err(Error::new(Code::Conflict, message))
}

#[must_use]
pub fn no_key() -> Error {
    Error::new(Code::NotFound, "There is no such API key.")
}

/// So many days from now.
#[must_use]
pub fn in_days(kw: &Keyward, days: u32) -> Timestamp {
    let life = Duration::from_secs(u64::from(days) * 86_400);
    (kw.clock.now() + life).at_most_last()
}
