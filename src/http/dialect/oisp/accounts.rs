//! Seed O's accounts, which are organizations here, and invitations to them. Its roles are two:
//! `admin`, and `user` for every other one.

use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::identifier::Email;
use crate::domain::organization::{MembershipState, Name, Organization};
use crate::domain::rights::access::OwnAccount;
use crate::http::dialect::oisp::Oisp;
use crate::http::error_response::{Answer, Refusal, Shape};
use crate::http::request::call::Call;
use crate::http::request::fields::Fields;
use crate::http::request::profile_fields::{object, required_email};
use crate::service::actor::Actor;
use crate::service::invitations::to_service::no_invitation;
use crate::service::membership::rights_of_caller::{no_member, no_organization};
use crate::service::organizations::change_member::{self, Edit, Which};
use crate::service::organizations::invite::{self, MemberInvitation};
use crate::service::organizations::{accept, change, create, delete, list};
use crate::service::{Code, Error, Result};
use crate::store::memberships::{Member, MemberPage, Own};

/// What the original calls them, and what is given for them.
const ROLES: [(&str, &str); 2] = [("admin", "admin"), ("user", "viewer")];

/// The most of one list: the original has no pages.
const MOST: i64 = 1000;

/// The original's own codes are of users: of accounts and invitations the status is told, and
/// what is wrong.
#[derive(Debug)]
pub struct Accounts;

impl Shape for Accounts {
    fn status(refusal: &Refusal) -> StatusCode {
        Oisp::status(refusal)
    }

    fn body(refusal: &Refusal) -> Value {
        match refusal.act() {
            Some(Code::NotFound | Code::Conflict) => {
                let code = Self::status(refusal).as_u16();
                json!({ "code": code, "message": refusal.message() })
            }
            _ => Oisp::body(refusal),
        }
    }
}

/// `GET /v1/api/accounts`: those that the caller is in.
pub async fn list(call: Call, actor: Actor) -> Answer<Accounts> {
    let own = call.on_store(move |kw| list::mine(kw, &actor)).await?;
    let own = own
        .iter()
        .filter(|(membership, ..)| membership.state == MembershipState::Active)
        .map(|(membership, organization, _)| {
            let mut body = render(organization);
            body["role"] = json!(OwnAccount::word(&membership.role));
            body
        });
    Ok(HttpResponse::Ok().json(own.collect::<Vec<_>>()))
}

/// `POST /v1/api/accounts {"name"}`. The caller's token tells of it once it is renewed (O-09).
pub async fn create(mut call: Call, actor: Actor) -> Answer<Accounts> {
    let fields = call.fields().await?;
    fields.only(&["name"])?;
    let name = name(&fields)?;
    let made = call
        .on_store(move |kw| create::create(kw, &actor, name))
        .await?;
    Ok(HttpResponse::Created().json(render(&made)))
}

/// `GET /v1/api/accounts/{id}`.
pub async fn one(call: Call, actor: Actor) -> Answer<Accounts> {
    let id = id(&call)?;
    let found = call.on_store(move |kw| list::one(kw, &actor, id)).await?;
    Ok(HttpResponse::Ok().json(render(&found.organization)))
}

/// `PUT /v1/api/accounts/{id} {"name"}`, or what a `GET` answered with another name in it: of the
/// rest nothing changes.
pub async fn rename(mut call: Call, actor: Actor) -> Answer<Accounts> {
    let fields = call.fields().await?;
    fields.only(&[
        "id",
        "name",
        "created",
        "updated",
        "role",
        "healthTimePeriod",
        "exportInterval",
    ])?;
    let (name, id) = (name(&fields)?, id(&call)?);
    let other = |named: &str| named.parse() != Ok(id);
    if fields.optional("id")?.is_some_and(other) {
        return Err(Error::payload("\"id\" must be the one of the path").into());
    }
    let renamed = call
        .on_store(move |kw| change::change(kw, &actor, id, name.into()))
        .await?;
    Ok(HttpResponse::Ok().json(render(&renamed.organization)))
}

/// `DELETE /v1/api/accounts/{id}`.
pub async fn delete(call: Call, actor: Actor) -> Answer<Accounts> {
    let id = id(&call)?;
    call.on_store(move |kw| delete::delete(kw, &actor, id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /v1/api/accounts/{id}/users`.
pub async fn users(call: Call, actor: Actor) -> Answer<Accounts> {
    let id = id(&call)?;
    let members = call
        .on_store(move |kw| list::members(kw, &actor, id, all()))
        .await?;
    let users: Vec<Value> = members.iter().map(user).collect();
    Ok(HttpResponse::Ok().json(users))
}

/// `PUT /v1/api/accounts/{id}/users/{user} {"accounts":{ID: ROLE}}`, as the original's client
/// sends it, with the user's `id` beside it or not.
pub async fn change_user(mut call: Call, actor: Actor) -> Answer<Accounts> {
    let fields = call.fields().await?;
    fields.only(&["id", "accounts"])?;
    let accounts =
        object(&fields, "accounts")?.ok_or_else(|| Error::payload("\"accounts\" is required"))?;
    let organization = id(&call)?;
    let account: AccountId = call.path_part("user").parse().map_err(|_| no_member())?;
    // An id is one in either case.
    let other = |id: &str| id.parse() != Ok(account);
    if fields.optional("id")?.is_some_and(other) {
        return Err(Error::payload("\"id\" must be the one of the path").into());
    }
    let edit = Edit {
        role: Some(role(role_in(&accounts, organization)?)?),
        state: None,
    };
    let which = Which {
        organization,
        account,
    };
    call.on_store(move |kw| change_member::change_member(kw, &actor, which, edit))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/api/accounts/{id}/invites {"email","role"?}`: 201, whether the address has an
/// account or not (E12).
pub async fn invite(mut call: Call, actor: Actor) -> Answer<Accounts> {
    let came = Instant::now();
    let fields = call.fields().await?;
    fields.only(&["email", "role"])?;
    let email = required_email(&fields, "email")?;
    let new = MemberInvitation {
        email,
        role: role(fields.optional("role")?.unwrap_or("user"))?,
        wish: call.wish(&Fields::default(), "invite_url")?,
        organization: id(&call)?,
    };
    let body = json!({
        "_id": new.organization, "accountId": new.organization, "email": new.email.written(),
    });
    call.on_store(move |kw| invite::invite(kw, &actor, new))
        .await?;
    call.answer_evenly(came).await;
    Ok(HttpResponse::Created().json(body))
}

/// `GET /v1/api/accounts/{id}/invites`: the addresses.
pub async fn invites(call: Call, actor: Actor) -> Answer<Accounts> {
    let id = id(&call)?;
    let invited = call
        .on_store(move |kw| list::invitations(kw, &actor, id, all()))
        .await?;
    let good = invited.iter().filter(|it| it.good);
    let written = good.map(|it| &it.invitation.written);
    Ok(HttpResponse::Ok().json(written.collect::<Vec<_>>()))
}

/// `DELETE /v1/api/accounts/{id}/invites/{email}`.
pub async fn take_back(call: Call, actor: Actor) -> Answer<Accounts> {
    let organization = id(&call)?;
    let email = address(&call)?;
    call.on_store(move |kw| invite::take_back(kw, &actor, organization, &email))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /v1/api/invites/{email}`: the caller's own. Another's address has none.
pub async fn own_invites(call: Call, actor: Actor) -> Answer<Accounts> {
    let email = address(&call)?;
    let own = call.on_store(move |kw| list::mine(kw, &actor)).await?;
    let theirs = |own: &&Own| {
        let invited = own.0.invited.as_ref();
        own.0.state == MembershipState::Invited
            && invited.is_some_and(|(it, _)| it == email.canonical())
    };
    let invites = own.iter().filter(theirs).map(invitation);
    Ok(HttpResponse::Ok().json(invites.collect::<Vec<_>>()))
}

fn invitation((membership, organization, _): &Own) -> Value {
    json!({
        "_id": organization.id,
        "accountId": organization.id,
        "accountName": organization.name,
        "email": membership.invited.as_ref().map(|(_, written)| written),
    })
}

/// `PUT /v1/api/invites/{id}/status {"accept"}`: true joins, false declines. Answers the invitation
/// as it was.
pub async fn answer_invite(mut call: Call, actor: Actor) -> Answer<Accounts> {
    let fields = call.fields().await?;
    fields.only(&["accept"])?;
    if fields.value("accept").is_none_or(Value::is_null) {
        return Err(Error::payload("\"accept\" is required").into());
    }
    let accepts = fields.is_true("accept")?;
    let id = id(&call)?;
    let answered = call
        .on_store(move |kw| {
            let own = list::mine(kw, &actor)?;
            let answered = own.iter().find(|(_, it, _)| it.id == id).map(invitation);
            if accepts {
                accept::by_account(kw, &actor, id)?;
            } else {
                change_member::decline(kw, &actor, id)?;
            }
            Ok::<_, Error>(answered)
        })
        .await?;
    Ok(HttpResponse::Ok().json(answered))
}

fn id(call: &Call) -> Result<OrganizationId> {
    call.path_part("id").parse().map_err(|_| no_organization())
}

fn address(call: &Call) -> Result<Email> {
    call.path_email().ok_or_else(no_invitation)
}

fn name(fields: &Fields) -> Result<Name> {
    Name::parse(fields.required("name")?)
        .ok_or_else(|| Error::payload("\"name\" must be 1 to 64 characters in words"))
}

/// What is said of the path's account, and of none besides.
fn role_in(accounts: &Fields, organization: OrganizationId) -> Result<&str> {
    let mut names = accounts.names();
    match (names.next(), names.next()) {
        (Some(name), None) if name.parse() == Ok(organization) => accounts.required(name),
        _ => Err(Error::payload(
            "\"accounts\" must name the account of the path, and no other one",
        )),
    }
}

fn role(word: &str) -> Result<String> {
    let mut roles = ROLES.iter();
    let found = roles.find(|(known, _)| *known == word);
    found
        .map(|(_, role)| (*role).to_owned())
        .ok_or_else(|| Error::payload("A role must be one of [admin, user]"))
}

const fn all() -> MemberPage {
    MemberPage {
        after: None,
        limit: MOST,
    }
}

fn render(organization: &Organization) -> Value {
    json!({
        "id": organization.id,
        "name": organization.name,
        "created": organization.created_at.millis(),
        "updated": organization.updated_at.millis(),
    })
}

fn user(member: &Member) -> Value {
    let of = &member.membership;
    let active = of.state == MembershipState::Active;
    let mut accounts = serde_json::Map::new();
    if active {
        let word = OwnAccount::word(&of.role);
        accounts.insert(of.organization.to_string(), json!(word));
    }
    json!({
        "id": of.account,
        "email": member.email,
        "verified": member.verified,
        "created": of.created_at.millis(),
        "accounts": accounts,
    })
}
