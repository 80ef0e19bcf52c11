//! Writing a role that was changed, and removing one, whoever does it.

use std::collections::BTreeSet;

use crate::domain::event::{Event, What, demand};
use crate::domain::organization::Role;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::service::membership::inviter::end_dead;
use crate::service::roles::validate::require_fitting;
use crate::store::organization_roles;

/// Writes the role. Where it shrinks, or a second factor is asked for from another instant on, the tokens
/// of whoever holds it are outdated.
pub(in crate::service::roles) fn write<'t>(
    change: &mut Change<'t>,
    (old, new): (&Held<'t, Role>, &Role),
) -> Result<()> {
    // What it held before was known by then.
    let more: BTreeSet<String> = new
        .permissions
        .difference(&old.permissions)
        .cloned()
        .collect();
    require_fitting(change.kw, new.scope, &more)?;
    organization_roles::set(change, new)?;
    if old.permissions.is_subset(&new.permissions) && old.factor_from == new.factor_from {
        return Ok(());
    }
    change.outdate_holders(old)
}

/// What happened to the role, for the audit log.
pub(in crate::service::roles) fn record(
    change: &mut Change<'_>,
    (old, new): (&Role, &Role),
    event: impl Fn(What) -> Event,
) -> Result<()> {
    if old.description != new.description || old.permissions != new.permissions {
        change.record(&event(What::RoleChanged))?;
    }
    if old.factor_from != new.factor_from {
        change.record(&demand(new.factor_from, event))?;
    }
    Ok(())
}

/// # Errors
/// `CONFLICT` where somebody holds it.
pub(in crate::service::roles) fn remove<'t>(
    change: &mut Change<'t>,
    role: &Held<'t, Role>,
) -> Result<()> {
    end_dead(change, &role.key)?;
    let now = change.now;
    if organization_roles::count_holders(change, &role.key, now)? > 0 {
        return Err(Error::new(
            Code::Conflict,
            "Somebody holds that role, or is invited to it: give them another one first.",
        ));
    }
    Ok(organization_roles::remove(change, &role.key)?)
}
