//! Administrators invite to the service: whoever reads the mail of the address chooses a password,
//! and holds the role that the invitation says then.

use std::collections::BTreeSet;

use crate::domain::event::What;
use crate::domain::identifier::Email;
use crate::domain::mail_letter::{LetterPurpose, Values};
use crate::domain::one_time_code::CodePurpose;
use crate::domain::organization::Scope;
use crate::domain::rights::access::ADMIN;
use crate::service::actor::Actor;
use crate::service::administrator::Administrator;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::invitations::letter::send;
use crate::service::keyward::Keyward;
use crate::service::mail::owner_mail::{Wish, tell_exists};
use crate::service::membership::inviter::{ShownInvitation, shown};
use crate::store::memberships::invitations::{self, InvitationPage, Place, WaitingInvitation};
use crate::store::{accounts, credentials, emails, organization_roles};

pub struct ServiceInvitation {
    pub emails: Vec<Email>,
    /// A role that is there.
    pub role: Option<String>,
    pub wish: Wish,
    pub has_account: HasAccount,
}

/// What is done where an address has an account that no invitation is for: its owner proved the
/// address, and has a password or may not come in (docs/decisions/0189).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HasAccount {
    /// Whoever asks reads it in the list of accounts anyway.
    IsRefused,
    /// The answer is the same as for a new address, as the original's is (E12).
    OwnerIsTold,
}

/// An address that was invited before is invited anew, and the newest word counts: another role, or
/// none.
///
/// # Errors
/// `FORBIDDEN` without the permission, and for an API key that would give a role;
/// `INVALID_PAYLOAD` where there is no such role; `CONFLICT` for an address that has an account, where
/// that is refused; `SERVICE_UNAVAILABLE`.
pub fn invite(kw: &Keyward, actor: &Actor, mut invitation: ServiceInvitation) -> Result<()> {
    actor.require(ADMIN)?;
    let by = Administrator::from((kw, actor));
    if invitation.role.is_some() {
        // Who found a key must not stay by a person.
        by.require_person()?;
    }
    kw.require_mail()?;
    let mut seen = BTreeSet::new();
    invitation
        .emails
        .retain(|email| seen.insert(email.canonical().to_owned()));
    // In one order, or two who invite the same people could wait for each other.
    invitation
        .emails
        .sort_by(|one, other| one.canonical().cmp(other.canonical()));
    let actor = actor.clone();
    kw.change(move |change| {
        by.hold_own(change)?;
        if let Some(role) = &invitation.role
            && !organization_roles::keep(change, role, Scope::Service)?
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
    invitation: &ServiceInvitation,
    email: &Email,
) -> Result<()> {
    if let Some(owner) = emails::find_proven(change, email)? {
        let has_password = credentials::lookup(change, owner.account)?.is_some();
        let account = accounts::lookup(change, owner.account)?;
        if has_password || !account.is_some_and(|account| account.enabled) {
            return match invitation.has_account {
                HasAccount::IsRefused => Err(has_account()),
                HasAccount::OwnerIsTold if has_password => {
                    tell_exists(change, &owner, &invitation.wish)
                }
                HasAccount::OwnerIsTold => Ok(()),
            };
        }
    }
    let now = change.now;
    let new = WaitingInvitation {
        place: Place::Service,
        address: email.canonical().to_owned(),
        written: email.written().to_owned(),
        role: invitation.role.clone(),
        invited_by: Some(actor.account()),
        created_at: now,
        expires_at: now + change.kw.policy.registration.code_ttl(CodePurpose::Invite),
    };
    invitations::put(change, &new)?
        .map_err(|_| Error::busy("an address was invited by many at once"))?;
    let mut event = actor.event(What::AccountInvited);
    event.role.clone_from(&invitation.role);
    change.record(&event)?;
    let how = (&invitation.wish, Values::default());
    send(change, &new, LetterPurpose::Invite, how)
}

/// Those that wait, by their addresses.
///
/// # Errors
/// `FORBIDDEN` without the permission.
pub fn list(
    kw: &Keyward,
    actor: &Actor,
    after: Option<String>,
    limit: i64,
) -> Result<Vec<ShownInvitation>> {
    actor.require(ADMIN)?;
    let page = InvitationPage {
        place: Place::Service,
        after,
        limit,
        now: kw.clock.now(),
    };
    kw.store.read(|db| {
        let listed = invitations::page(db, page.clone())?;
        shown(db, listed)
    })
}

/// Takes an invitation back; its code is good for nothing then.
///
/// # Errors
/// `FORBIDDEN` without the permission; `NOT_FOUND`.
pub fn take_back(kw: &Keyward, actor: &Actor, email: &Email) -> Result<()> {
    actor.require(ADMIN)?;
    let by = Administrator::from((kw, actor));
    let (actor, address) = (actor.clone(), email.canonical().to_owned());
    kw.change(move |change| {
        by.hold_own(change)?;
        let now = change.now;
        let found = invitations::find(change, Place::Service, &address, now)?;
        if found.is_none() || !invitations::remove(change, Place::Service, &address)? {
            return Err(no_invitation());
        }
        change.record(&actor.event(What::InvitationWithdrawn))
    })
}

fn has_account() -> Error {
    let message = "That address has an account: give it the role by PUT \
                   /admin/accounts/{id}/roles/{role}.";
    Error::new(Code::Conflict, message)
}

/// The same for one that was taken back and one that never was.
#[must_use]
pub fn no_invitation() -> Error {
    Error::new(Code::NotFound, "There is no such invitation.")
}
