//! Everything that is stored about the caller's account, as one document for its owner. No
//! secret is in it, and nothing that helps to guess one.

use serde_json::{Map, Value, json};

use crate::domain::id::AccountId;
use crate::domain::mail_letter::LetterPurpose;
use crate::service::actor::{Actor, account_of};
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::service::membership::inviter::{as_member, invited_and_joined};
use crate::store::audit::audit_events::{self, Filter};
use crate::store::memberships::invitations;
use crate::store::{
    self, AnyConnection, accounts, api_keys, credentials, emails, factors, login_attempts,
    one_time_codes, outbox, phones, profiles, recovery_codes, roles, sessions,
};
use crate::support::clock::Timestamp;

type Part = fn(&mut AnyConnection, AccountId) -> store::Result<Value>;

/// The parts of the document. A table with a column `account_id` has a part here: a test
/// compares them with the schema.
const PARTS: &[(&str, Part)] = &[
    ("account", account),
    ("password", password),
    ("secondFactor", second_factor),
    ("emails", emails_of),
    ("phones", phones_of),
    ("profile", profile),
    ("codes", codes),
    ("mails", mails),
    ("roles", roles_of),
    ("organizations", organizations_of),
    ("serviceInvitations", invitations_of),
    ("sessions", sessions_of),
    ("apiKeys", api_keys_of),
    ("signIns", sign_ins),
    ("auditEvents", audit),
];

/// # Errors
/// `INVALID_TOKEN` where the account is gone or disabled.
pub fn export(kw: &Keyward, actor: &Actor) -> Result<Value> {
    let id = account_of(kw, actor)?.id;
    let mut document = Map::new();
    document.insert("exported".to_owned(), time(kw.clock.now()));
    kw.store.read(|db| -> store::Result<()> {
        for (name, part) in PARTS {
            document.insert((*name).to_owned(), part(db, id)?);
        }
        Ok(())
    })?;
    Ok(Value::Object(document))
}

/// Milliseconds, as everywhere.
fn time(at: Timestamp) -> Value {
    json!(at.millis())
}

fn account(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    let account = accounts::lookup(db, id)?;
    Ok(json!(account.map(|account| {
        json!({
            "id": account.id,
            "email": account.email,
            "username": account.username,
            "firstName": account.first_name,
            "lastName": account.last_name,
            "isAnonymous": account.anonymous,
            "kind": account.kind(),
            "enabled": account.enabled,
            "verified": account.verified,
            "termsAccepted": account.terms_accepted,
            "created": account.created_at.millis(),
            "updated": account.updated_at.millis(),
            "createdBy": account.created_by,
            "lastLogin": account.last_login_at.map(Timestamp::millis),
        })
    })))
}

/// When it was set, and not what it is: its record is good for guessing.
fn password(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    let times = credentials::times_of(db, id)?;
    Ok(json!(times.map(|(created, updated)| {
        json!({ "created": created.millis(), "updated": updated.millis() })
    })))
}

fn second_factor(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    let factors = [factors::active_of(db, id)?, factors::pending_of(db, id)?];
    let [active, waiting] = factors.map(|factor| {
        factor.map(|factor| {
            json!({
                "created": factor.created_at.millis(),
                "confirmed": factor.confirmed_at.map(Timestamp::millis),
            })
        })
    });
    Ok(json!({
        "active": active,
        "waiting": waiting,
        "recoveryCodesLeft": recovery_codes::count(db, id)?,
    }))
}

fn emails_of(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    let emails = emails::list_of(db, id)?.into_iter().map(|email| {
        json!({
            "value": email.written,
            "verified": email.verified,
            "primary": email.is_primary,
        })
    });
    Ok(emails.collect())
}

/// Whose they are the document says. Their hashes help nobody.
fn api_keys_of(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    let keys = api_keys::list_of(db, id)?.into_iter().map(|key| {
        let mut shown = key.shown();
        if let Some(members) = shown.as_object_mut() {
            members.shift_remove("account");
        }
        shown
    });
    Ok(keys.collect())
}

fn phones_of(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    let phones = phones::list_of(db, id)?.into_iter().map(|phone| {
        json!({ "value": phone.value, "verified": phone.verified, "primary": phone.is_primary })
    });
    Ok(phones.collect())
}

fn profile(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    let profile = profiles::lookup(db, id)?;
    let terms = profile
        .terms
        .map(|terms| json!({ "version": terms.version, "accepted": terms.accepted_at.millis() }));
    Ok(json!({
        "middleName": profile.middle_name,
        "gender": profile.gender,
        "company": profile.company,
        "dateOfBirth": profile.date_of_birth,
        "address": profile.address,
        "language": profile.language,
        "parentId": profile.parent_id,
        "groups": profile.groups,
        "attributes": profile.attributes,
        "terms": terms,
    }))
}

/// Mailed codes that were not used, without what is good for using one.
fn codes(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    let codes = one_time_codes::list_of(db, id)?.into_iter().map(|code| {
        json!({
            "purpose": code.purpose.as_str(),
            "address": code.address,
            "created": code.created_at.millis(),
            "expires": code.expires_at.millis(),
        })
    });
    Ok(codes.collect())
}

/// Mails that wait. Of those that left nothing is kept. One that is to prove an address waits only where
/// the address is nobody's, so it is not told of (E12).
fn mails(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    let mails = outbox::list_of(db, id)?.into_iter();
    let mails = mails.filter(|mail| mail.purpose != LetterPurpose::Verify.as_str());
    let mails = mails.map(|mail| {
        json!({
            "purpose": mail.purpose,
            "created": mail.created_at.millis(),
            "expires": mail.expires_at.millis(),
        })
    });
    Ok(mails.collect())
}

fn roles_of(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    Ok(json!(roles::access_of(db, id)?.roles))
}

fn organizations_of(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    // As everything that is stored, whether it is still good or not.
    let (invited, mut own) = invited_and_joined(db, id, Timestamp::from_millis(0))?;
    own.extend(invited.into_iter().map(|it| as_member(id, it)));
    let own = own.into_iter().map(|(membership, organization, role)| {
        json!({
            "id": organization.id,
            "name": organization.name,
            "role": role,
            "state": membership.state.as_str(),
            "invited": membership.invited.map(|(_, written)| written),
            "created": membership.created_at.millis(),
        })
    });
    Ok(own.collect())
}

/// To the service; those to organizations stand with the organizations.
fn invitations_of(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    let waiting = invitations::to_service_of(db, id)?.into_iter();
    Ok(waiting
        .map(|it| {
            json!({
                "email": it.written,
                "role": it.role,
                "invitedBy": it.invited_by,
                "created": it.created_at.millis(),
                "expires": it.expires_at.millis(),
            })
        })
        .collect())
}

fn sessions_of(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    let sessions = sessions::list_of(db, id)?.into_iter().map(|session| {
        json!({
            "id": session.id,
            "device": session.user_agent,
            "address": session.address,
            "mode": session.mode.as_str(),
            "tokenClass": session.class.as_str(),
            "amr": session.authentication.methods,
            "aal": session.authentication.level,
            "signedIn": session.authentication.at.millis(),
            "created": session.created_at.millis(),
            "lastUsed": session.generation.rotated_at.millis(),
            "refreshes": session.generation.number,
            "expires": session.idle_expires_at.min(session.absolute_expires_at).millis(),
            "ended": session.ended.map(|ending| ending.at.millis()),
            "actedBy": session.acted_by.map(|(actor, _)| actor),
            "endReason": session.ended.map(|ending| ending.reason.as_str()),
        })
    });
    Ok(sessions.collect())
}

fn sign_ins(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    let attempts = login_attempts::recent_of(db, id, i64::MAX)?
        .into_iter()
        .map(|attempt| {
            json!({
                "at": attempt.at,
                "outcome": attempt.outcome,
                "by": attempt.dialect,
                "device": attempt.user_agent,
                "address": attempt.address,
            })
        });
    Ok(attempts.collect())
}

fn audit(db: &mut AnyConnection, id: AccountId) -> store::Result<Value> {
    let filter = Filter {
        account: Some(id),
        what: None,
        organization: None,
        since: None,
        before: None,
        limit: i64::MAX,
    };
    let events = audit_events::list(db, &filter)?.into_iter().map(|event| {
        // From where an administrator did it is the administrator's.
        let own = event.actor.is_none();
        json!({
            "at": event.at,
            "what": event.what,
            "session": event.session.filter(|_| own),
            "device": event.user_agent.filter(|_| own),
            "address": event.address.filter(|_| own),
        })
    });
    Ok(events.collect())
}
