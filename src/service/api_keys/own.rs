//! One's own API keys. A person has them: a key makes, lists and revokes none, so that whoever
//! finds one can not stay by another.

use std::collections::BTreeSet;

use crate::domain::event::{Event, What};
use crate::domain::id::{ApiKeyId, OrganizationId};
use crate::domain::rights::api_key::ApiKey;
use crate::service::actor::{Actor, account_of};
use crate::service::api_keys::rules::{
    Draft, HoldsScope, Made, New, is_powerful, lately, look_through, no_key, require_good,
    require_renewable, revoke,
};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::membership::rights_of_caller::{no_organization, standing};
use crate::store::{AnyConnection, api_keys};

/// Oldest first; those that are over among them, for a while.
///
/// # Errors
/// `INVALID_TOKEN` where the account is gone or disabled.
pub fn list(kw: &Keyward, actor: &Actor) -> Result<Vec<ApiKey>> {
    let account = account_of(kw, actor)?;
    let mut keys = kw.store.read(|db| api_keys::list_of(db, account.id))?;
    keys.retain(|key| is_in_sight(actor, key));
    Ok(keys)
}

/// A session that is in one organization makes keys for that one.
///
/// # Errors
/// `FORBIDDEN` for a permission that the caller has not; `NOT_FOUND` where the caller is no active
/// member of the organization; `CONFLICT` where two of that name live.
pub fn make(kw: &Keyward, actor: &Actor, mut new: New) -> Result<Made> {
    let own = actor.claims().org;
    if own.is_some() && new.organization.is_some_and(|id| Some(id) != own) {
        return Err(no_organization());
    }
    new.organization = new.organization.or(own);
    require_good(kw, &new)?;
    require_fresh(kw, actor, &new.scope)?;
    let actor = actor.clone();
    let draft = Draft::new(kw, actor.account(), None, &new);
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        require_factor(change, &actor, new.organization)?;
        match look_through(change, actor.account(), (new.organization, &new.scope))? {
            HoldsScope::All => draft.write(change, event(&actor, What::ApiKeyMade)),
            HoldsScope::Lacks(word) => {
                let message =
                    format!("A key can not do more than you: you lack the permission \"{word}\".");
                Err(Error::new(Code::Forbidden, message))
            }
            HoldsScope::NoMember => Err(no_organization()),
        }
    })
}

/// Another key of the same name and scope. The old one lives on, until it is revoked: at most two
/// of a name live.
///
/// # Errors
/// `NOT_FOUND` where it is none of the caller's; `CONFLICT` where two of that name live, where the
/// key is over, or may what its account may not any more.
pub fn rotate(kw: &Keyward, actor: &Actor, id: ApiKeyId) -> Result<Made> {
    let old = kw.store.read(|db| found(db, actor, id))?;
    require_fresh(kw, actor, &old.scope)?;
    let actor = actor.clone();
    let draft = Draft::in_place_of(kw, &old, None);
    kw.change(move |change| {
        let key = held(change, &actor, id)?;
        require_factor(change, &actor, key.organization)?;
        require_renewable(change, &key)?;
        draft.write(change, event(&actor, What::ApiKeyRotated))
    })
}

/// A key outlives the session that makes it, and an access token travels to other servers: so
/// whoever makes one signed in, or stepped up, within the hour (docs/decisions/0156).
fn require_fresh(kw: &Keyward, actor: &Actor, scope: &BTreeSet<String>) -> Result<()> {
    actor.require_person()?;
    actor.require_shown(&lately(), kw.clock.now())?;
    if is_powerful(scope) {
        actor.require_fresh(kw)?;
    }
    Ok(())
}

/// A second factor that the key's organization asks for: the key would be a way around it.
///
/// # Errors
/// `NOT_FOUND` for a stranger to the organization; `STEP_UP_REQUIRED`.
fn require_factor(
    change: &mut Change<'_>,
    actor: &Actor,
    organization: Option<OrganizationId>,
) -> Result<()> {
    match organization {
        None => Ok(()),
        Some(id) => standing(change, actor, id).map(drop),
    }
}

/// # Errors
/// `NOT_FOUND` where it is none of the caller's.
pub fn revoke_one(kw: &Keyward, actor: &Actor, id: ApiKeyId) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        let key = held(change, &actor, id)?;
        revoke(change, event(&actor, What::ApiKeyRevoked), &key)
    })
}

fn event(actor: &Actor, what: What) -> Event {
    Event::new(what, actor.client.clone())
}

fn held(change: &mut Change<'_>, actor: &Actor, id: ApiKeyId) -> Result<ApiKey> {
    change.hold_caller(actor)?;
    found(change, actor, id)
}

fn found(db: &mut AnyConnection, actor: &Actor, id: ApiKeyId) -> Result<ApiKey> {
    let key = api_keys::lookup(db, id)?;
    key.filter(|key| key.account == actor.account() && is_in_sight(actor, key))
        .ok_or_else(no_key)
}

/// A session that is in one organization finds no other one's keys.
fn is_in_sight(actor: &Actor, key: &ApiKey) -> bool {
    let own = actor.claims().org;
    own.is_none() || key.organization == own
}
