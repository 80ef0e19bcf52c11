//! Accepting an invitation by the code that was mailed, whether to the service or to an
//! organization: whoever has the code reads the mail of the address that was invited.

use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::Email;
use crate::domain::organization::Scope;
use crate::domain::password::{Password, PasswordRecord};
use crate::domain::session::Client;
use crate::lanes::password_lane::Seat;
use crate::service::account_changes::empty_for_true_owner::empty_and_prove;
use crate::service::account_changes::hash_chosen_password::hashed;
use crate::service::account_changes::room_for_role::require_room;
use crate::service::account_changes::set_password::set_password;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::service::membership::begin_end::join;
use crate::service::membership::inviter::stands;
use crate::store::emails::{self, StoredEmail};
use crate::store::memberships::invitations::{self, WaitingInvitation};
use crate::store::{AnyConnection, accounts, credentials, memberships, organization_roles, roles};
use crate::support::secret::{ExposeSecret as _, SecretString};

/// What the code of an invitation is shown with.
pub struct Choice {
    pub code: SecretString,
    pub password: Password,
    pub client: Client,
}

/// Whose account an invitation is accepted by.
#[derive(PartialEq, Eq)]
pub(in crate::service) enum Taker {
    /// One that is made then.
    Nobody,
    /// The address is proven, and its owner signs in by a password.
    Owner(StoredEmail),
    /// The address is proven, and nobody can sign in.
    WithoutPassword(StoredEmail),
    /// Somebody registered the address, and nobody knows who (L14).
    Unproven(StoredEmail),
}

impl Taker {
    const fn account(&self) -> Option<AccountId> {
        match self {
            Self::Nobody => None,
            Self::Owner(it) | Self::WithoutPassword(it) | Self::Unproven(it) => Some(it.account),
        }
    }
}

/// None where the account of the address is disabled.
pub(in crate::service) fn taker_of(
    db: &mut AnyConnection,
    invitation: &WaitingInvitation,
) -> Result<Option<Taker>> {
    let email = Email::parse(&invitation.written)
        .ok_or_else(|| Error::defect("an invitation holds no e-mail address"))?;
    let Some(found) = emails::find(db, &email)? else {
        return Ok(Some(Taker::Nobody));
    };
    if !accounts::lookup(db, found.account)?.is_some_and(|account| account.enabled) {
        return Ok(None);
    }
    let has_password = credentials::lookup(db, found.account)?.is_some();
    Ok(Some(match (found.verified, has_password) {
        (true, true) => Taker::Owner(found),
        (true, false) => Taker::WithoutPassword(found),
        (false, _) => Taker::Unproven(found),
    }))
}

/// By whoever has an account with the address already.
///
/// # Errors
/// `INVALID_CODE`, also where the invitation was taken back; `INVALID_PAYLOAD` where a password
/// must be chosen, and `CONFLICT` for a member of the organization: the code is still good then.
pub fn by_code(kw: &Keyward, code: &SecretString, client: &Client) -> Result<()> {
    let (code, client) = (code.clone(), client.clone());
    kw.change(move |change| accept(change, &code, None, &client))
}

/// By whoever chooses a password: who has no account yet has one then.
///
/// # Errors
/// As [`by_code`]; `CONFLICT` where the owner of the address has a password already, and
/// `INVALID_PAYLOAD` where the password is refused: the code is still good then.
pub fn with_password(kw: &Keyward, seat: &Seat, choice: &Choice) -> Result<()> {
    // Nothing is hashed for whoever has no code (L17).
    let known = kw.store.read(|db| {
        let (_, invitation) = look(kw, db, &choice.code)?;
        let taker = taker_of(db, &invitation)?.ok_or_else(Error::one_time_code)?;
        if let Err(refused) = require(&taker, true) {
            // The account may be what this very code made a moment ago: it is no code any more.
            look(kw, db, &choice.code)?;
            return Err(refused);
        }
        let account = match taker.account() {
            Some(id) => accounts::lookup(db, id)?,
            None => None,
        };
        let username = account.and_then(|account| account.username);
        Ok::<_, Error>([Some(invitation.written), username])
    })?;
    let record = hashed(kw, seat, &choice.password, &known)?;
    let (code, client) = (choice.code.clone(), choice.client.clone());
    kw.change(move |change| accept(change, &code, Some(&record), &client))
}

fn require(taker: &Taker, chooses: bool) -> Result<()> {
    match (taker, chooses) {
        (Taker::Owner(_), true) => Err(Error::new(
            Code::Conflict,
            "This address has an account with a password: accept without \"password\".",
        )),
        (Taker::Owner(_), false) | (_, true) => Ok(()),
        (_, false) => Err(Error::payload(
            "\"password\" is required: nobody can sign in with this address yet",
        )),
    }
}

/// The invitation whose newest code this is, and what is stored of the code. One that whoever
/// invited could not make any more is none.
fn look(
    kw: &Keyward,
    db: &mut AnyConnection,
    code: &SecretString,
) -> Result<(String, WaitingInvitation)> {
    let mac = kw.keys.one_time_codes.mac(code.expose_secret());
    let mac = mac.ok_or_else(Error::one_time_code)?;
    let found = invitations::find_by_code(db, &mac, kw.clock.now())?;
    let found = found.ok_or_else(Error::one_time_code)?;
    if !stands(db, &found)? {
        return Err(Error::one_time_code());
    }
    Ok((mac, found))
}

/// Holds in the order in which all do so: the account, the organization, the invitation. Of
/// several who accept at once one succeeds.
fn accept(
    change: &mut Change<'_>,
    code: &SecretString,
    record: Option<&PasswordRecord>,
    client: &Client,
) -> Result<()> {
    let kw = change.kw;
    let (mac, invitation) = look(kw, change, code)?;
    let taker = taker_of(change, &invitation)?.ok_or_else(Error::one_time_code)?;
    let account = match taker.account() {
        Some(id) => Some(change.hold_account(id)?.ok_or_else(Error::one_time_code)?),
        None => None,
    };
    let organization = match invitation.place.organization() {
        Some(id) => {
            let held = change.hold_organization(id)?;
            Some(held.ok_or_else(Error::one_time_code)?)
        }
        None => None,
    };
    if !invitations::hold(change, &mac)? {
        return Err(Error::one_time_code());
    }
    // As they stand now that nobody else changes them.
    let (_, invitation) = look(kw, change, code)?;
    if taker_of(change, &invitation)?.ok_or_else(Error::one_time_code)? != taker {
        return Err(Error::busy("the account of an address changed"));
    }
    require(&taker, record.is_some())?;
    let account = match (record, account) {
        (Some(record), Some(account)) => {
            let_in(
                change,
                account,
                (&taker, record),
                &accepted(&invitation, client),
            )?;
            account
        }
        (Some(record), None) => add(change, &invitation, record)?,
        (None, account) => account.ok_or_else(Error::one_time_code)?,
    };
    let id = account.id();
    notice::record(change, &accepted(&invitation, client).of(id))?;
    match organization {
        // The account was the last owner, so emptying it kept this membership.
        Some(organization)
            if matches!(taker, Taker::Unproven(_))
                && memberships::lookup(change, organization.id(), id)?.is_some() =>
        {
            invitations::remove(change, invitation.place, &invitation.address)?;
            Ok(())
        }
        Some(organization) => join(change, (account, organization), invitation, client),
        None => grant(change, id, &invitation, client),
    }
}

/// Lets whoever reads the mail sign in by the password that they chose.
fn let_in<'t>(
    change: &mut Change<'t>,
    account: Held<'t, AccountId>,
    (taker, record): (&Taker, &PasswordRecord),
    by: &Event,
) -> Result<()> {
    let event = by.clone().of(account.id());
    if let Taker::Unproven(found) = taker {
        empty_and_prove(change, account, &found.canonical, &event)?;
    }
    set_password(change, account, record, &event)
}

fn accepted(invitation: &WaitingInvitation, client: &Client) -> Event {
    let mut event = Event::new(What::InvitationAccepted, client.clone());
    event.organization = invitation.place.organization();
    event
}

fn add<'t>(
    change: &mut Change<'t>,
    invitation: &WaitingInvitation,
    record: &PasswordRecord,
) -> Result<Held<'t, AccountId>> {
    let now = change.now;
    let id = AccountId(change.kw.entropy.id(now));
    let row = accounts::New {
        id,
        email: Email::parse(&invitation.written),
        username: None,
        verified: true,
        created_by: invitation.invited_by,
        now,
    };
    let added = change.add_account(&row)?;
    let added =
        added.ok_or_else(|| Error::busy("an address was invited and registered at once"))?;
    credentials::set(change, id, record, now)?;
    Ok(added)
}

/// An invitation to the service gives its role, where it says one.
fn grant(
    change: &mut Change<'_>,
    id: AccountId,
    invitation: &WaitingInvitation,
    client: &Client,
) -> Result<()> {
    let now = change.now;
    invitations::remove(change, invitation.place, &invitation.address)?;
    let Some(role) = &invitation.role else {
        return Ok(());
    };
    // The invitation refers to it, so it was there until now.
    if !organization_roles::keep(change, role, Scope::Service)? {
        return Err(Error::one_time_code());
    }
    require_room(change, id, role)?;
    if roles::grant(change, id, role, now)? {
        let event = Event::new(What::RoleGranted, client.clone()).of(id);
        change.record(&event.with_role(role))?;
    }
    Ok(())
}
