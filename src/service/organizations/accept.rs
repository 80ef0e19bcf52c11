//! Accepting an invitation: by the mailed code, or signed in, where the address that was invited
//! is proven to be the account's (O8).

use crate::domain::id::OrganizationId;
use crate::domain::one_time::Purpose;
use crate::domain::organization::State;
use crate::domain::session::Client;
use crate::service::accounts::one_time::{look, opened, take};
use crate::service::actor::Actor;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::membership::begin_end::{Joins, join};
use crate::service::membership::standing::no_organization;
use crate::store::{accounts, emails, memberships};
use crate::support::secret::SecretString;

/// Whoever has the code reads the mail of the address, which the account has proven before.
///
/// # Errors
/// `INVALID_CODE`, also where the invitation was taken back.
pub fn by_code(kw: &Keyward, code: &SecretString, client: &Client) -> Result<()> {
    let stored = kw.store.read(|db| look(kw, db, code, Purpose::Join))?;
    let (code, client) = (code.clone(), client.clone());
    kw.change(move |change| {
        if !accounts::hold(change, stored.account)? {
            return Err(Error::one_time_code());
        }
        let used = take(change, &code, Purpose::Join)?;
        let joins: Joins =
            opened(change.kw, &used)?.ok_or_else(|| Error::defect("a code that joins nothing"))?;
        let account = accounts::lookup(change, used.account)?;
        let enabled = account.is_some_and(|account| account.enabled);
        if enabled
            && is_proven(change, &used.address, used.account)?
            && join(change, used.account, joins.organization, &client)?
        {
            return Ok(());
        }
        Err(Error::one_time_code())
    })
}

fn is_proven(
    change: &mut Change<'_>,
    address: &str,
    account: crate::domain::id::AccountId,
) -> Result<bool> {
    let found = emails::lookup(change, account, address)?;
    Ok(found.is_some_and(|found| found.verified))
}

/// # Errors
/// `NOT_FOUND` where the caller is not invited; `FORBIDDEN` where the address that was invited
/// is not proven; `CONFLICT` for a member.
pub fn by_account(kw: &Keyward, actor: &Actor, id: OrganizationId) -> Result<()> {
    let actor = actor.clone();
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        let account = actor.account();
        let member = memberships::lookup(change, id, account)?.ok_or_else(no_organization)?;
        let proven = match &member.invited {
            Some((address, _)) => is_proven(change, address, account)?,
            None => false,
        };
        if member.state == State::Invited && !proven {
            return Err(Error::forbidden(
                "Prove first that the address that was invited is yours: open the mail.",
            ));
        }
        if join(change, account, id, &actor.client)? {
            return Ok(());
        }
        Err(Error::new(
            Code::Conflict,
            "You are a member of this organization already.",
        ))
    })
}
