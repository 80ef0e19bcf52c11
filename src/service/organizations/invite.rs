//! Inviting to an organization. Whoever is invited has an account from then on, and becomes a
//! member by accepting. The answer is the same whether the address had one before (E12).

use crate::domain::account::Account;
use crate::domain::event::What;
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::identifier::Email;
use crate::domain::letter::{Purpose as Kind, Values};
use crate::domain::one_time::Purpose;
use crate::domain::organization::{Membership, State};
use crate::domain::permission::{MEMBER_INVITE, MEMBER_REMOVE};
use crate::service::accounts::post::{To, Wish, mail_code_with};
use crate::service::actor::Actor;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::quota;
use crate::service::membership::begin_end::Joins;
use crate::service::membership::standing::{Standing, held_standing, standing};
use crate::store::{accounts, credentials, emails, memberships};

/// The most members and invitations of one organization that was made by anybody.
const MOST: i64 = 100_000;

#[derive(Clone)]
pub struct Invitation {
    pub organization: OrganizationId,
    pub email: Email,
    /// The name of a role of the organization.
    pub role: String,
    pub wish: Wish,
}

/// An address that was invited before is invited anew, with the role of now (O14).
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID_PAYLOAD` for a role that is none of the organization,
/// `CONFLICT` for a member, `REQUESTS_EXCEEDED` where no further mail is sent for the client,
/// `SERVICE_UNAVAILABLE` where mail can not leave too.
pub fn invite(kw: &Keyward, actor: &Actor, new: Invitation) -> Result<()> {
    kw.require_mail()?;
    require_quota(kw, actor)?;
    let actor = actor.clone();
    kw.change(move |change| {
        standing(change, &actor, new.organization)?.require(MEMBER_INVITE)?;
        let account = whose(change, &actor, &new.email)?;
        let standing = held_standing(change, &actor, &[account], new.organization)?;
        standing.require(MEMBER_INVITE)?;
        let role = standing.role_called(&new.role)?;
        standing.require_all(&role.permissions)?;
        let member = memberships::lookup(change, new.organization, account)?;
        match member {
            Some(member) => invite_anew(change, &standing, &member, &role.key)?,
            None => add(change, &actor, (&new, account), &role.key)?,
        }
        change.record(&actor.event_about(What::MemberInvited, account))?;
        mail(change, account, &new, &standing.organization.name)
    })
}

/// Before anything is looked up, so that nobody is invited whom no mail tells of it: each would be
/// an account that nobody asked for.
fn require_quota(kw: &Keyward, actor: &Actor) -> Result<()> {
    let client = actor.client.clone();
    if kw.change(move |change| quota::may_ask_for_mail(change, &client))? {
        return Ok(());
    }
    let words = "Too many invitations and other mails from this address within an hour.";
    Err(Error::wait(Code::RequestsExceeded, words, 3600))
}

/// The account of the address, made now where there is none.
fn whose(change: &mut Change<'_>, actor: &Actor, email: &Email) -> Result<AccountId> {
    if let Some(found) = emails::find(change, email)? {
        return Ok(found.account);
    }
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
    if accounts::add(change, &row)?.is_err() {
        // Registered, or invited by another, at this very moment.
        let found = emails::find(change, email)?.map(|found| found.account);
        return found.ok_or_else(|| Error::busy("an address was registered and gone at once"));
    }
    change.record(&actor.event_about(What::AccountInvited, id))?;
    Ok(id)
}

fn add(
    change: &mut Change<'_>,
    actor: &Actor,
    (new, account): (&Invitation, AccountId),
    role: &str,
) -> Result<()> {
    if memberships::count_in(change, new.organization)? >= MOST {
        return Err(Error::new(
            Code::Conflict,
            "The organization has 100,000 members, which is the most.",
        ));
    }
    let (address, written) = (new.email.canonical(), new.email.written());
    let row = Membership {
        organization: new.organization,
        account,
        role: role.to_owned(),
        state: State::Invited,
        invited: Some((address.to_owned(), written.to_owned())),
        created_at: change.now,
    };
    memberships::add(change, &row, actor.account())?
        .map_err(|_| Error::busy("an address was invited twice at once"))
}

fn invite_anew(
    change: &mut Change<'_>,
    standing: &Standing,
    member: &Membership,
    role: &str,
) -> Result<()> {
    if member.state != State::Invited {
        return Err(Error::new(
            Code::Conflict,
            "That address belongs to a member of the organization.",
        ));
    }
    if member.role == role {
        return Ok(());
    }
    standing.require_all(&standing.role_of(member)?.permissions)?;
    let now = change.now;
    Ok(memberships::change(
        change,
        member,
        (role, State::Invited),
        now,
    )?)
}

/// A code that joins. Where the account has no password that its owner chose, the code lets
/// whoever reads the mail choose one: nobody joins by an account that somebody else registered
/// with the address (L14).
fn mail(
    change: &mut Change<'_>,
    id: AccountId,
    new: &Invitation,
    organization: &str,
) -> Result<()> {
    let account = accounts::lookup(change, id)?;
    let may = |account: &Account| account.enabled && !account.anonymous;
    let found = emails::lookup(change, id, new.email.canonical())?;
    let (Some(found), true) = (found, account.as_ref().is_some_and(may)) else {
        return Ok(());
    };
    // As its owner wrote it, and never as the caller did.
    let Some(email) = Email::parse(&found.written) else {
        return Ok(());
    };
    let owned = found.verified && credentials::lookup(change, id)?.is_some();
    let purpose = if owned {
        Purpose::Join
    } else {
        Purpose::Invite
    };
    let to = To {
        account: id,
        email: &email,
    };
    let joins = Joins {
        organization: new.organization,
    };
    let values = Values::from([("organization", in_a_letter(organization))]);
    mail_code_with(
        change,
        &to,
        (purpose, Kind::Join),
        (&new.wish, values),
        Some(&joins),
    )?;
    Ok(())
}

/// The name as a letter shows it to people who never heard of it: anybody chooses a name, and a
/// reader's program would make a link of one that looks like an address.
fn in_a_letter(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '&' || c == '\'';
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
        let none = || Error::new(Code::NotFound, "There is no such invitation.");
        let found = memberships::find_invited(change, organization, &address)?;
        let about = found.ok_or_else(none)?.account;
        let standing = held_standing(change, &actor, &[about], organization)?;
        standing.require(MEMBER_REMOVE)?;
        let found = memberships::find_invited(change, organization, &address)?;
        let found = found.ok_or_else(none)?;
        standing.require_all(&standing.role_of(&found)?.permissions)?;
        memberships::remove(change, &found)?;
        change.record(&actor.event_about(What::MemberRemoved, found.account))
    })
}
