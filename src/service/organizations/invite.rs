//! Inviting to an organization. An invitation is an address's, and one waits for each address: it
//! makes no account, and says nothing of one. The answer is the same whether the address had one
//! before (E12).

use crate::domain::event::What;
use crate::domain::id::OrganizationId;
use crate::domain::identifier::Email;
use crate::domain::mail_letter::{LetterPurpose, Values};
use crate::domain::one_time_code::CodePurpose;
use crate::domain::rights::permission::{MEMBER_INVITE, MEMBER_REMOVE};
use crate::domain::texts::name_characters::is_alphanumeric;
use crate::service::actor::Actor;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::invitations::letter::send;
use crate::service::invitations::to_service::no_invitation;
use crate::service::keyward::Keyward;
use crate::service::mail::owner_mail::Wish;
use crate::service::mail::quota;
use crate::service::membership::administering::require_giver;
use crate::service::membership::rights_of_caller::{Standing, held_standing, standing};
use crate::store::memberships::invitations::{self, Place, WaitingInvitation};
use crate::store::{emails, memberships};

/// The most members and invitations of one organization that was made by anybody.
const MOST: i64 = 100_000;

#[derive(Clone)]
pub struct MemberInvitation {
    pub organization: OrganizationId,
    pub email: Email,
    /// The name of a role of the organization.
    pub role: String,
    pub wish: Wish,
}

/// An address that was invited before is invited anew, with the role of now (O14). Whoever merely
/// has the address written into an account, and never proved it, is not asked: a member may be
/// invited by an address that is not theirs.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID_PAYLOAD` for a role that is none of the organization,
/// `CONFLICT` for a member whom the list shows by the address, `REQUESTS_EXCEEDED` where no further mail is sent for the client,
/// `SERVICE_UNAVAILABLE` where mail can not leave too.
pub fn invite(kw: &Keyward, actor: &Actor, new: MemberInvitation) -> Result<()> {
    kw.require_mail()?;
    require_quota(kw, actor)?;
    let actor = actor.clone();
    kw.change(move |change| {
        standing(change, &actor, new.organization)?.require(MEMBER_INVITE)?;
        let owner = emails::find_proven(change, &new.email)?.map(|found| found.account);
        let about: Vec<_> = owner.into_iter().collect();
        let (standing, held) = held_standing(change, &actor, &about, new.organization)?;
        standing.require(MEMBER_INVITE)?;
        let role = standing.role_to_give(change, held, &new.role)?;
        standing.require_all(&role.permissions)?;
        require_giver(actor.api_key().is_some(), None, &role.permissions)?;
        // Whose another address is that the list does not show must not be told here either (E12).
        if let Some(owner) = owner
            && let Some(member) = memberships::lookup(change, new.organization, owner)?
            && memberships::is_called_by(change, &member, new.email.canonical())?
        {
            return Err(Error::new(
                Code::Conflict,
                "That address belongs to a member of the organization.",
            ));
        }
        let invitation = put(change, &actor, (&new, &standing), &role.key)?;
        // Of whoever invites, and of nobody else: their export must not tell that the address has an
        // account (E12). Who joins leaves an event of their own.
        let event = actor.event(What::MemberInvited);
        let event = event.in_organization(new.organization);
        change.record(&event.with_role(&role.name))?;
        let name = in_a_letter(&standing.organization.name);
        let how = (&new.wish, Values::from([("organization", name)]));
        send(change, &invitation, LetterPurpose::Join, how)
    })
}

/// Before anything is looked up, so that nobody is invited whom no mail tells of it.
fn require_quota(kw: &Keyward, actor: &Actor) -> Result<()> {
    let client = actor.client.clone();
    if kw.change(move |change| quota::may_ask_for_mail(change, &client, 1))? {
        return Ok(());
    }
    let words = "Too many invitations and other mails from this address within an hour.";
    Err(Error::quota(words))
}

fn put(
    change: &mut Change<'_>,
    actor: &Actor,
    (new, standing): (&MemberInvitation, &Standing),
    role: &str,
) -> Result<WaitingInvitation> {
    let (place, now) = (Place::Organization(new.organization), change.now);
    let address = new.email.canonical();
    match invitations::find(change, place, address, now)? {
        Some(before) => require_over(standing, &before, role)?,
        None => require_room(change, new.organization)?,
    }
    let invitation = WaitingInvitation {
        place,
        address: address.to_owned(),
        written: new.email.written().to_owned(),
        role: Some(role.to_owned()),
        invited_by: Some(actor.account()),
        created_at: now,
        expires_at: now + change.kw.policy.registration.code_ttl(CodePurpose::Join),
    };
    invitations::put(change, &invitation)?
        .map_err(|_| Error::busy("an address was invited twice at once"))?;
    Ok(invitation)
}

/// Nobody takes away what somebody invited to who may do more (O4).
fn require_over(standing: &Standing, before: &WaitingInvitation, role: &str) -> Result<()> {
    match &before.role {
        Some(key) if key != role => standing.require_all(&standing.role_by_key(key)?.permissions),
        _ => Ok(()),
    }
}

fn require_room(change: &mut Change<'_>, organization: OrganizationId) -> Result<()> {
    let now = change.now;
    let members = memberships::count_in(change, organization)?;
    if members + invitations::count_in(change, organization, now)? < MOST {
        return Ok(());
    }
    Err(Error::new(
        Code::Conflict,
        "The organization has 100,000 members, which is the most.",
    ))
}

/// The name as a letter shows it to people who never heard of it: anybody chooses a name, and a
/// reader's program would make a link of one that looks like an address.
fn in_a_letter(name: &str) -> String {
    let plain = |c: char| is_alphanumeric(c) || c == '-' || c == '&' || c == '\'';
    let words = name.split(|c| !plain(c)).filter(|word| !word.is_empty());
    let words = words.collect::<Vec<_>>().join(" ");
    // A name of nothing but signs.
    if words.is_empty() {
        "…".to_owned()
    } else {
        words
    }
}

/// Takes an invitation back; its code is good for nothing then.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub fn take_back(
    kw: &Keyward,
    actor: &Actor,
    organization: OrganizationId,
    email: &Email,
) -> Result<()> {
    let (actor, address) = (actor.clone(), email.canonical().to_owned());
    kw.change(move |change| {
        standing(change, &actor, organization)?.require(MEMBER_REMOVE)?;
        let (standing, _) = held_standing(change, &actor, &[], organization)?;
        standing.require(MEMBER_REMOVE)?;
        let (place, now) = (Place::Organization(organization), change.now);
        let found = invitations::find(change, place, &address, now)?;
        let found = found.ok_or_else(no_invitation)?;
        if let Some(key) = &found.role {
            standing.require_all(&standing.role_by_key(key)?.permissions)?;
        }
        if !invitations::remove(change, place, &address)? {
            return Err(no_invitation());
        }
        let event = actor.event(What::InvitationWithdrawn);
        change.record(&event.in_organization(organization))
    })
}
