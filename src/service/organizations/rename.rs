//! Another name for an organization. People sign in to it by the new one from then on.

use crate::domain::event::What;
use crate::domain::id::OrganizationId;
use crate::domain::organization::Name;
use crate::domain::permission::ORGANIZATION_UPDATE;
use crate::service::actor::Actor;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::service::membership::standing::{Standing, held_standing, standing};
use crate::service::organizations::create::taken;
use crate::store::organizations;

/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `CONFLICT` where another one has the name.
pub fn rename(kw: &Keyward, actor: &Actor, id: OrganizationId, name: Name) -> Result<Standing> {
    let actor = actor.clone();
    kw.change(move |change| {
        held_standing(change, &actor, &[], id)?.require(ORGANIZATION_UPDATE)?;
        let now = change.now;
        organizations::rename(change, id, &name, now)?.map_err(|_| taken())?;
        change.record(&actor.event(What::OrganizationRenamed))?;
        standing(change, &actor, id)
    })
}
