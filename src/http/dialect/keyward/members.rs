//! Who is in an organization, and who is invited to it.

use std::time::Instant;

use actix_web::HttpResponse;
use serde_json::{Value, json};

use crate::domain::id::AccountId;
use crate::domain::identifier::Email;
use crate::domain::organization::MembershipState;
use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::organizations::id;
use crate::http::dialect::keyward::registration::wish_of_site;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::profile_fields::required_email;
use crate::http::request::query;
use crate::http::response_bodies;
use crate::service::actor::Actor;
use crate::service::invitations::to_service::no_invitation;
use crate::service::membership::rights_of_caller::no_member;
use crate::service::organizations::change_member::{self, Edit, Which};
use crate::service::organizations::invite::{self, MemberInvitation};
use crate::service::organizations::list;
use crate::service::{Error, Result};
use crate::store::memberships::MemberPage;
use crate::support::page::Page;

/// `GET /auth/organizations/{id}/members?limit=&after=`.
pub async fn list(call: Call, actor: Actor) -> Answer<Keyward> {
    let parsed = |text: &str| text.parse().ok().map(|id: AccountId| id.to_string());
    let (id, (after, limit)) = (id(&call)?, page(&call, parsed)?);
    let page = MemberPage {
        after,
        limit: i64::from(limit) + 1,
    };
    let members = call
        .on_store(move |kw| list::members(kw, &actor, id, page))
        .await?;
    let members = Page::cut(members, limit as usize);
    let next = members.last().map(|last| last.membership.account);
    let members: Vec<Value> = members.rows.iter().map(response_bodies::member).collect();
    Ok(HttpResponse::Ok().json(json!({ "members": members, "next": next })))
}

/// `GET /auth/organizations/{id}/invitations?limit=&after=`.
pub async fn invitations(call: Call, actor: Actor) -> Answer<Keyward> {
    let parsed = |text: &str| Email::parse(text).map(|email| email.canonical().to_owned());
    let (id, (after, limit)) = (id(&call)?, page(&call, parsed)?);
    let page = MemberPage {
        after,
        limit: i64::from(limit) + 1,
    };
    let invited = call
        .on_store(move |kw| list::invitations(kw, &actor, id, page))
        .await?;
    let invited = Page::cut(invited, limit as usize);
    let next = invited.last().map(|it| &it.invitation.address);
    let invited = invited.rows.iter().map(response_bodies::invitation);
    let body = json!({ "invitations": invited.collect::<Vec<_>>(), "next": next });
    Ok(HttpResponse::Ok().json(body))
}

/// `POST /auth/organizations/{id}/invitations {"email","role","invite_url"?,"language"?}`: 202,
/// whether the address has an account or not (E12).
pub async fn invite(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let came = Instant::now();
    let fields = call.fields().await?;
    fields.only(&["email", "role", "invite_url", "language", "site"])?;
    let email = required_email(&fields, "email")?;
    let new = MemberInvitation {
        email,
        role: fields.required("role")?.to_owned(),
        wish: wish_of_site(&call, &fields, "invite_url")?,
        organization: id(&call)?,
    };
    let body = json!({ "email": new.email.written(), "role": new.role });
    call.on_store(move |kw| invite::invite(kw, &actor, new))
        .await?;
    call.answer_evenly(came).await;
    Ok(HttpResponse::Accepted().json(body))
}

/// `DELETE /auth/organizations/{id}/invitations/{email}`.
pub async fn take_back(call: Call, actor: Actor) -> Answer<Keyward> {
    let organization = id(&call)?;
    let email = call.path_email().ok_or_else(no_invitation)?;
    call.on_store(move |kw| invite::take_back(kw, &actor, organization, &email))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `PATCH /auth/organizations/{id}/members/{account} {"role"?,"state"?}`.
pub async fn change(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["role", "state"])?;
    let state = match fields.optional("state")? {
        None => None,
        Some("active") => Some(MembershipState::Active),
        Some("suspended") => Some(MembershipState::Suspended),
        Some(_) => {
            return Err(Error::payload("\"state\" must be one of [active, suspended]").into());
        }
    };
    let edit = Edit {
        role: fields.optional("role")?.map(str::to_owned),
        state,
    };
    let which = which(&call)?;
    call.on_store(move |kw| change_member::change_member(kw, &actor, which, edit))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /auth/organizations/{id}/members/{account}`.
pub async fn remove(call: Call, actor: Actor) -> Answer<Keyward> {
    let which = which(&call)?;
    call.on_store(move |kw| change_member::remove_member(kw, &actor, which))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn which(call: &Call) -> Result<Which> {
    Ok(Which {
        organization: id(call)?,
        account: call.path_part("account").parse().map_err(|_| no_member())?,
    })
}

/// The most of one page, and as many as there are where nothing is said.
const MOST: u32 = 100;
const USUAL: u32 = 50;

/// How many rows are wanted, after which. `after` reads what `next` said.
pub(super) fn page<T>(call: &Call, after: impl Fn(&str) -> Option<T>) -> Result<(Option<T>, u32)> {
    let asked = query::fields(call, &["limit", "after"])?;
    let limit = match asked.optional("limit")? {
        None => USUAL,
        Some(text) => query::number(text)
            .filter(|limit| (1..=MOST).contains(limit))
            .ok_or_else(|| Error::payload("\"limit\" must be 1 to 100"))?,
    };
    let after = asked.optional("after")?.map(|text| {
        let words = "\"after\" must be what \"next\" of a page before said";
        after(text).ok_or_else(|| Error::payload(words))
    });
    Ok((after.transpose()?, limit))
}
