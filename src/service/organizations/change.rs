//! What may be changed of an organization: its name, by which people sign in to it from then on, and
//! from when on it asks for a second factor of its members.

use crate::domain::event::{Event, What, demand};
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::{Name, Organization};
use crate::domain::rights::permission::ORGANIZATION_UPDATE;
use crate::service::actor::Actor;
use crate::service::change::{Change, Held};
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::service::mail::quota;
use crate::service::membership::rights_of_caller::{
    Standing, held_standing, no_organization, standing,
};
use crate::service::organizations::create::{asked_too_often, taken};
use crate::store::{memberships, organizations};
use crate::support::clock::Timestamp;

/// What is to be changed.
#[derive(Clone, Default)]
pub struct Edit {
    pub name: Option<Name>,
    /// From when on a second factor is asked of its members; of nobody where it says none.
    pub factor_from: Option<Option<Timestamp>>,
}

impl From<Name> for Edit {
    fn from(name: Name) -> Self {
        Self {
            name: Some(name),
            ..Self::default()
        }
    }
}

/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, also for an API key that would lift or make a demand, `CONFLICT` where
/// another one has the name, `REQUESTS_EXCEEDED` after ten names that were taken.
pub fn change(kw: &Keyward, actor: &Actor, id: OrganizationId, edit: Edit) -> Result<Standing> {
    let asks = asks_for_name(kw, actor, id, &edit)?;
    let actor = actor.clone();
    kw.change(move |change| {
        // Nobody holds the members of what is not theirs.
        standing(change, &actor, id)?.require(ORGANIZATION_UPDATE)?;
        actor.require_demander(edit.factor_from.is_some())?;
        let members = touched(change, id, &edit)?;
        // Not asked again afterwards: the caller may lack what is demanded by then.
        let (mut standing, held) = held_standing(change, &actor, &members, id)?;
        standing.require(ORGANIZATION_UPDATE)?;
        standing.organization = write(change, held, &edit, |what| actor.event(what))?;
        if asks {
            quota::was_told_nothing(change, actor.account(), &actor.client)?;
        }
        Ok(standing)
    })
}

/// Whether the caller asks for a name that is not the organization's already, in other letters or not.
/// It is counted, and committed, before anybody looks whose it is.
fn asks_for_name(kw: &Keyward, actor: &Actor, id: OrganizationId, edit: &Edit) -> Result<bool> {
    let (Some(name), actor) = (edit.name.clone(), actor.clone()) else {
        return Ok(false);
    };
    kw.change(move |change| {
        let standing = standing(change, &actor, id)?;
        standing.require(ORGANIZATION_UPDATE)?;
        if name.matches(&standing.organization.name) {
            return Ok(Some(false));
        }
        let may = quota::may_ask_for_name(change, actor.account(), &actor.client)?;
        Ok(may.then_some(true))
    })?
    .ok_or_else(asked_too_often)
}

/// Whose tokens are outdated by it: they are held before the organization.
pub(in crate::service::organizations) fn touched(
    change: &mut Change<'_>,
    id: OrganizationId,
    edit: &Edit,
) -> Result<Vec<AccountId>> {
    match edit.factor_from {
        Some(_) => Ok(memberships::accounts_in(change, id)?),
        None => Ok(Vec::new()),
    }
}

pub(in crate::service::organizations) fn write<'t>(
    change: &mut Change<'t>,
    organization: Held<'t, OrganizationId>,
    edit: &Edit,
    event: impl Fn(What) -> Event,
) -> Result<Organization> {
    let id = organization.id();
    let old = organizations::lookup(change, id)?.ok_or_else(no_organization)?;
    let (now, event) = (change.now, |what| event(what).in_organization(id));
    if let Some(name) = &edit.name
        && name.written() != old.name
    {
        organizations::rename(change, id, name, now)?.map_err(|_| taken())?;
        change.record(&event(What::OrganizationRenamed))?;
    }
    if let Some(from) = edit.factor_from
        && from != old.factor_from
    {
        organizations::demand_factor(change, id, from, now)?;
        change.record(&demand(from, event))?;
        change.outdate_members(organization)?;
    }
    organizations::lookup(change, id)?.ok_or_else(no_organization)
}
