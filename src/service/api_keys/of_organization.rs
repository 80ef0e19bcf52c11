//! The API keys that are good in one organization alone, as its administrators see and revoke them.

use crate::domain::event::What;
use crate::domain::id::{ApiKeyId, OrganizationId};
use crate::domain::rights::api_key::ApiKey;
use crate::domain::rights::permission::{MEMBER_READ, MEMBER_UPDATE};
use crate::service::actor::Actor;
use crate::service::api_keys::rules::{no_key, revoke};
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::service::membership::rights_of_caller::{held_standing, standing};
use crate::store::api_keys;

/// Oldest first, at most `limit` after this one.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub fn list(
    kw: &Keyward,
    actor: &Actor,
    id: OrganizationId,
    (after, limit): (Option<ApiKeyId>, i64),
) -> Result<Vec<ApiKey>> {
    kw.store.read(|db| {
        standing(db, actor, id)?.require(MEMBER_READ)?;
        Ok(api_keys::page_in(db, id, after, limit)?)
    })
}

/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, also where the key may do what the caller may not.
pub fn revoke_one(
    kw: &Keyward,
    actor: &Actor,
    (id, key): (OrganizationId, ApiKeyId),
) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        standing(change, &actor, id)?.require(MEMBER_UPDATE)?;
        let found = api_keys::lookup(change, key)?;
        let found = found.filter(|key| key.organization == Some(id));
        let found = found.ok_or_else(no_key)?;
        let (standing, _) = held_standing(change, &actor, &[found.account], id)?;
        standing.require(MEMBER_UPDATE)?;
        standing.require_all(&found.scope)?;
        let still = api_keys::lookup(change, key)?;
        let key = still.ok_or_else(no_key)?;
        let event = actor.event_about(What::ApiKeyRevoked, key.account);
        revoke(change, event, &key)
    })
}
