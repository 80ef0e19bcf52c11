//! Organizations: making them, and the caller's own.

use actix_web::HttpResponse;
use serde_json::{Value, json};

use crate::domain::id::OrganizationId;
use crate::domain::organization::Name;
use crate::http::dialect::keyward::Keyward;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::fields::{Fields, new_password};
use crate::http::response_bodies;
use crate::service::actor::Actor;
use crate::service::invitations::accept::{self as by_mail, Choice};
use crate::service::membership::rights_of_caller::{Standing, no_organization};
use crate::service::organizations::change::{self, Edit};
use crate::service::organizations::{accept, change_member, create, delete, enter, list};
use crate::service::{Error, Result};

/// `GET /auth/organizations`: those that the caller is in or invited to.
pub async fn list(call: Call, actor: Actor) -> Answer<Keyward> {
    let own = call.on_store(move |kw| list::mine(kw, &actor)).await?;
    let own = own.iter().map(|(membership, organization, role)| {
        let mut body = response_bodies::organization(organization);
        body["role"] = json!(role);
        body["state"] = json!(membership.state.as_str());
        body
    });
    Ok(HttpResponse::Ok().json(json!({ "organizations": own.collect::<Vec<_>>() })))
}

/// `POST /auth/organizations {"name"}`.
pub async fn create(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["name"])?;
    let name = name(&fields)?;
    let made = call
        .on_store(move |kw| create::create(kw, &actor, name))
        .await?;
    let mut body = response_bodies::organization(&made);
    body["role"] = json!(crate::domain::organization::OWNER);
    body["state"] = json!("active");
    Ok(HttpResponse::Created().json(body))
}

/// `GET /auth/organizations/{id}`.
pub async fn one(call: Call, actor: Actor) -> Answer<Keyward> {
    let id = id(&call)?;
    let found = call.on_store(move |kw| list::one(kw, &actor, id)).await?;
    Ok(HttpResponse::Ok().json(render_own(&found)))
}

/// `PATCH /auth/organizations/{id} {"name"?,"mfaRequiredFrom"?}`.
pub async fn change(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    let (edit, id) = (edit(&fields)?, id(&call)?);
    let changed = call
        .on_store(move |kw| change::change(kw, &actor, id, edit))
        .await?;
    Ok(HttpResponse::Ok().json(render_own(&changed)))
}

/// `DELETE /auth/organizations/{id}`.
pub async fn delete(call: Call, actor: Actor) -> Answer<Keyward> {
    let id = id(&call)?;
    call.on_store(move |kw| delete::delete(kw, &actor, id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /auth/organizations/{id}/accept`: the invitation of the caller's own address.
pub async fn accept(mut call: Call, actor: Actor) -> Answer<Keyward> {
    call.fields().await?.only(&[])?;
    let id = id(&call)?;
    call.on_store(move |kw| accept::by_account(kw, &actor, id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /auth/invitations/accept {"token","password"?}`: by the mailed code, to the service or to
/// an organization. Whoever can not sign in yet chooses a password by it.
pub async fn accept_by_code(mut call: Call) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["token", "password"])?;
    let code = fields.required("token")?.into();
    let client = call.client();
    if fields.value("password").is_some_and(|it| !it.is_null()) {
        let choice = Choice {
            code,
            password: new_password(&fields, "password")?,
            client,
        };
        call.on_password(move |kw, seat| by_mail::with_password(kw, seat, &choice))
            .await?;
    } else {
        call.on_store(move |kw| by_mail::by_code(kw, &code, &client))
            .await?;
    }
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /auth/organizations/{id}/enter {"refresh_token"?}`: a new session, in the mode of the
/// old one, which stays. The refresh token is the old one's, in the body or in the cookie.
pub async fn enter(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["refresh_token"])?;
    let token = if let Some(text) = fields.optional("refresh_token")? {
        text.into()
    } else {
        let cookie = call.refresh_cookie().await?;
        let cookie = cookie.ok_or_else(|| {
            Error::payload("\"refresh_token\" is required, where it is not in the cookie")
        })?;
        call.require_our_origin()?;
        cookie
    };
    let id = id(&call)?;
    let entered = call
        .on_store(move |kw| enter::enter(kw, &actor, id, &token))
        .await?;
    Ok(response_bodies::tokens(
        &call,
        &entered.tokens,
        entered.mode,
        None,
    ))
}

/// `POST /auth/organizations/{id}/leave`.
pub async fn leave(mut call: Call, actor: Actor) -> Answer<Keyward> {
    call.fields().await?.only(&[])?;
    let id = id(&call)?;
    call.on_store(move |kw| change_member::leave(kw, &actor, id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What is no id is the id of nothing.
pub(super) fn id(call: &Call) -> Result<OrganizationId> {
    call.path_part("id").parse().map_err(|_| no_organization())
}

/// One of them at the least.
pub(super) fn edit(fields: &Fields) -> Result<Edit> {
    fields.only(&["name", "mfaRequiredFrom"])?;
    let factor_from = fields.instant("mfaRequiredFrom")?;
    let name = match factor_from {
        Some(_) if fields.value("name").is_none() => None,
        _ => Some(name(fields)?),
    };
    Ok(Edit { name, factor_from })
}

pub(super) fn name(fields: &Fields) -> Result<Name> {
    Name::parse(fields.required("name")?).ok_or_else(|| {
        Error::payload(
            "\"name\" must be 1 to 64 characters: words of one script each, with single spaces \
             between them",
        )
    })
}

fn render_own(standing: &Standing) -> Value {
    let mut body = response_bodies::organization(&standing.organization);
    body["role"] = json!(standing.role);
    body["permissions"] = json!(standing.permissions());
    body
}
