//! Deleting an organization (O10).

use crate::domain::event::What;
use crate::domain::id::OrganizationId;
use crate::domain::rights::permission::ORGANIZATION_DELETE;
use crate::service::actor::Actor;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::service::membership::dissolve::dissolve;
use crate::service::membership::rights_of_caller::{Standing, held_standing, standing};
use crate::store::memberships;

/// # Errors
/// `NOT_FOUND`; `FORBIDDEN` without the permission, and for an API key that has it by the word `admin`.
pub fn delete(kw: &Keyward, actor: &Actor, id: OrganizationId) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        let may = |standing: Standing| standing.require_for_good(&actor, ORGANIZATION_DELETE);
        may(standing(change, &actor, id)?)?;
        // Nobody signs in to it from here on. Whoever joins in between is held by the deed.
        let members = memberships::accounts_in(change, id)?;
        let (standing, held) = held_standing(change, &actor, &members, id)?;
        may(standing)?;
        let event = actor.event(What::OrganizationDeleted).in_organization(id);
        dissolve(change, held, &event)?;
        change.record(&event)
    })
}
