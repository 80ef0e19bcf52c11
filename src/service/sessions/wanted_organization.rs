//! The organization that somebody wants to sign in to.

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::Name;
use crate::store::{self, AnyConnection, memberships, organizations};

#[derive(Clone, Debug)]
pub enum WantedOrganization {
    Id(OrganizationId),
    /// What can be no name is the name of nothing.
    Name(Option<Name>),
}

/// Where a sign-in leads.
#[derive(Clone, Copy, Debug)]
pub(in crate::service::sessions) enum Where {
    /// To no organization: none was asked for.
    Nowhere,
    In(OrganizationId),
    /// There is no such organization, or the account is no active member of it.
    NotTheirs,
}

impl Where {
    pub(in crate::service::sessions) const fn is_theirs(self) -> bool {
        !matches!(self, Self::NotTheirs)
    }

    pub(in crate::service::sessions) const fn organization(self) -> Option<OrganizationId> {
        match self {
            Self::In(id) => Some(id),
            Self::Nowhere | Self::NotTheirs => None,
        }
    }
}

impl WantedOrganization {
    /// Where there is no such organization, an id that is nothing's.
    pub(in crate::service::sessions) fn id(
        &self,
        db: &mut AnyConnection,
    ) -> store::Result<OrganizationId> {
        let found = match self {
            Self::Id(id) => Some(*id),
            Self::Name(Some(name)) => organizations::find(db, name)?,
            Self::Name(None) => None,
        };
        Ok(found.unwrap_or(OrganizationId::NIL))
    }
}

/// The same look-ups either way, so that another's organization costs what none costs (H-06).
pub(in crate::service::sessions) fn theirs(
    db: &mut AnyConnection,
    account: AccountId,
    wanted: Option<&WantedOrganization>,
) -> store::Result<Where> {
    let Some(wanted) = wanted else {
        return Ok(Where::Nowhere);
    };
    let id = wanted.id(db)?;
    let member = memberships::lookup(db, id, account)?;
    let active = member.is_some_and(|member| member.is_active());
    Ok(if active {
        Where::In(id)
    } else {
        Where::NotTheirs
    })
}
