//! How a membership begins and ends. Its account and its organization are held.

use serde::{Deserialize, Serialize};

use crate::domain::event::{Event, What};
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::organization::State;
use crate::domain::session::Client;
use crate::service::change::Change;
use crate::service::error::Result;
use crate::store::{memberships, organizations};

/// What the code of an invitation lets its holder join.
#[derive(Serialize, Deserialize)]
pub(in crate::service) struct Joins {
    pub(in crate::service) organization: OrganizationId,
}

/// Makes an invited account a member, which is held. False where the invitation was taken back,
/// or accepted before (O8).
pub(in crate::service) fn join(
    change: &mut Change<'_>,
    account: AccountId,
    organization: OrganizationId,
    client: &Client,
) -> Result<bool> {
    if !organizations::hold(change, organization)? {
        return Ok(false);
    }
    let member = memberships::lookup(change, organization, account)?;
    let Some(member) = member.filter(|member| member.state == State::Invited) else {
        return Ok(false);
    };
    let now = change.now;
    memberships::change(change, &member, (&member.role, State::Active), now)?;
    change.record(&Event::new(What::MemberJoined, client.clone()).of(account))?;
    Ok(true)
}

/// What ends with a membership: the account's sessions in the organization, and every token that
/// tells of it. Whoever else the account is goes on, after a refresh.
pub(in crate::service) fn end(
    change: &mut Change<'_>,
    account: AccountId,
    organization: OrganizationId,
) -> Result<()> {
    change.end_in(organization, Some(account))?;
    change.outdate_access(account)
}
