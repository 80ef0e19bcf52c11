//! Roles: of one organization for its members, and of the service for administrators.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use serde_json::{Value, json};

use crate::domain::organization::{Name, Role, Scope};
use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::organizations::{id, name};
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::fields::Fields;
use crate::http::response_bodies;
use crate::service::actor::Actor;
use crate::service::roles::validate::{Edit, New, no_role, words};
use crate::service::roles::{of_organization, of_service};
use crate::service::{Error, Result};

/// `GET /auth/organizations/{id}/roles`: those that members may hold.
pub async fn list_own(call: Call, actor: Actor) -> Answer<Keyward> {
    let id = id(&call)?;
    let roles = call
        .on_store(move |kw| of_organization::list_roles(kw, &actor, id))
        .await?;
    Ok(listed(&roles))
}

/// `POST /auth/organizations/{id}/roles {"name","permissions","description"?,"mfaRequiredFrom"?}`.
pub async fn make_own(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["name", "description", "permissions", "mfaRequiredFrom"])?;
    let (new, id) = (new(&fields)?, id(&call)?);
    let made = call
        .on_store(move |kw| of_organization::make_role(kw, &actor, id, new))
        .await?;
    Ok(HttpResponse::Created().json(response_bodies::role(&made)))
}

/// `PATCH /auth/organizations/{id}/roles/{role} {"permissions"?,"description"?,"mfaRequiredFrom"?}`.
pub async fn change_own(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    let edit = edit(&fields)?;
    let which = (id(&call)?, role(&call)?);
    let changed = call
        .on_store(move |kw| of_organization::change_role(kw, &actor, which, edit))
        .await?;
    Ok(HttpResponse::Ok().json(response_bodies::role(&changed)))
}

/// `DELETE /auth/organizations/{id}/roles/{role}`.
pub async fn remove_own(call: Call, actor: Actor) -> Answer<Keyward> {
    let (id, name) = (id(&call)?, role(&call)?);
    call.on_store(move |kw| of_organization::remove_role(kw, &actor, id, &name))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /auth/roles`: those of the service, and those that every organization has.
pub async fn list(call: Call, _: Actor) -> Answer<Keyward> {
    let roles = call.on_store(of_service::list_roles).await?;
    Ok(listed(&roles))
}

/// `POST /auth/roles {"name","scope","permissions","description"?,"mfaRequiredFrom"?}`.
pub async fn make(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&[
        "name",
        "description",
        "permissions",
        "scope",
        "mfaRequiredFrom",
    ])?;
    let scope: Scope = fields
        .required("scope")?
        .parse()
        .map_err(|_| Error::payload("\"scope\" must be one of [service, organization]"))?;
    let new = new(&fields)?;
    let made = call
        .on_store(move |kw| of_service::make_role((kw, &actor), new, scope))
        .await?;
    Ok(HttpResponse::Created().json(response_bodies::role(&made)))
}

/// `PATCH /auth/roles/{role} {"permissions"?,"description"?,"mfaRequiredFrom"?}`.
pub async fn change(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    let (edit, name) = (edit(&fields)?, role(&call)?);
    let changed = call
        .on_store(move |kw| of_service::change_role((kw, &actor), &name, edit))
        .await?;
    Ok(HttpResponse::Ok().json(response_bodies::role(&changed)))
}

/// `DELETE /auth/roles/{role}`.
pub async fn remove(call: Call, actor: Actor) -> Answer<Keyward> {
    let name = role(&call)?;
    call.on_store(move |kw| of_service::remove_role((kw, &actor), &name))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The name in the path. What can be no name is the name of nothing.
pub(super) fn role(call: &Call) -> Result<String> {
    let name = call.path_text("role");
    let name = name.and_then(|name| Name::parse(&name));
    name.map(|name| name.written().to_owned())
        .ok_or_else(no_role)
}

fn new(fields: &Fields) -> Result<New> {
    Ok(New {
        name: name(fields)?,
        description: description(fields)?.unwrap_or_default(),
        permissions: permissions(fields)?
            .ok_or_else(|| Error::payload("\"permissions\" is required"))?,
        factor_from: fields.instant("mfaRequiredFrom")?.flatten(),
    })
}

fn edit(fields: &Fields) -> Result<Edit> {
    fields.only(&["description", "permissions", "mfaRequiredFrom"])?;
    Ok(Edit {
        description: description(fields)?,
        permissions: permissions(fields)?,
        factor_from: fields.instant("mfaRequiredFrom")?,
    })
}

fn description(fields: &Fields) -> Result<Option<String>> {
    let text = fields.optional("description")?;
    if text.is_some_and(|text| text.chars().count() > 200 || text.contains(char::is_control)) {
        return Err(Error::payload(
            "\"description\" must be at most 200 characters of one line",
        ));
    }
    Ok(text.map(str::to_owned))
}

fn permissions(fields: &Fields) -> Result<Option<BTreeSet<String>>> {
    let list = match fields.value("permissions") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) => list.iter().map(|word| word.as_str().map(str::to_owned)),
        Some(_) => return words(vec![String::new()]).map(Some),
    };
    // What is no text is no word either.
    words(list.map(Option::unwrap_or_default).collect()).map(Some)
}

fn listed(roles: &[Role]) -> HttpResponse {
    let roles: Vec<Value> = roles.iter().map(response_bodies::role).collect();
    HttpResponse::Ok().json(json!({ "roles": roles }))
}
