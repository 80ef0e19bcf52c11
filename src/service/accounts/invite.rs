//! Inviting: an administrator makes an account, and whoever reads the mail of its address
//! chooses the password.

use std::collections::BTreeSet;

use crate::domain::access::ADMIN;
use crate::domain::event::What;
use crate::domain::id::AccountId;
use crate::domain::identifier::Email;
use crate::domain::letter::Purpose as Kind;
use crate::domain::one_time::Purpose;
use crate::service::accounts::post::{To, Wish, mail_code, tell_exists};
use crate::service::actor::Actor;
use crate::service::change::Change;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::{accounts, credentials, emails, roles};

pub struct Invitation {
    pub emails: Vec<Email>,
    /// A role that is there.
    pub role: Option<String>,
    pub wish: Wish,
}

/// An address that has an account with a password is told so; one that was invited before is
/// invited anew (E12).
///
/// # Errors
/// `FORBIDDEN` without the permission; `INVALID_PAYLOAD` where there is no such role;
/// `SERVICE_UNAVAILABLE`.
pub fn invite(kw: &Keyward, actor: &Actor, mut invitation: Invitation) -> Result<()> {
    if !actor.claims().permissions.iter().any(|held| held == ADMIN) {
        return Err(Error::forbidden("Inviting needs the permission \"admin\"."));
    }
    kw.require_mail()?;
    let mut seen = BTreeSet::new();
    invitation
        .emails
        .retain(|email| seen.insert(email.canonical().to_owned()));
    let actor = actor.clone();
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        if let Some(role) = &invitation.role
            && !roles::is_there(change, role)?
        {
            return Err(Error::payload("\"role\" is not the name of a role"));
        }
        for email in &invitation.emails {
            invite_one(change, &actor, &invitation, email)?;
        }
        Ok(())
    })
}

fn invite_one(
    change: &mut Change<'_>,
    actor: &Actor,
    invitation: &Invitation,
    email: &Email,
) -> Result<()> {
    let found = emails::find(change, email)?;
    if let Some(found) = &found {
        if !accounts::hold(change, found.account)? {
            return Err(Error::busy("the owner of an address leaves"));
        }
        if credentials::lookup(change, found.account)?.is_some() {
            return tell_exists(change, found, &invitation.wish);
        }
    }
    let id = match &found {
        Some(found) => found.account,
        None => add(change, actor, email)?,
    };
    if !accounts::lookup(change, id)?.is_some_and(|account| account.enabled) {
        return Ok(());
    }
    if let Some(role) = &invitation.role {
        let now = change.now;
        if roles::grant(change, id, role, now)? {
            change.record(&actor.event_about(What::RoleGranted, id))?;
        }
    }
    let to = To { account: id, email };
    let purpose = (Purpose::Invite, Kind::Invite);
    mail_code(change, &to, purpose, &invitation.wish, None::<&()>)?;
    Ok(())
}

fn add(change: &mut Change<'_>, actor: &Actor, email: &Email) -> Result<AccountId> {
    let now = change.now;
    let id = AccountId(change.kw.entropy.id(now));
    let row = accounts::New {
        id,
        email: Some(email.clone()),
        username: None,
        verified: false,
        created_by: Some(actor.account()),
        now,
    };
    accounts::add(change, &row)?
        .map_err(|_| Error::busy("an address was invited and registered at once"))?;
    change.record(&actor.event_about(What::AccountInvited, id))?;
    Ok(id)
}
