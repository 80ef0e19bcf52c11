//! `/auth/api-keys`: one's own, and those of an organization.

use actix_web::HttpResponse;
use serde_json::{Value, json};

use crate::domain::id::{ApiKeyId, OrganizationId};
use crate::domain::organization::Name;
use crate::domain::rights::api_key::ApiKey;
use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::members::page;
use crate::http::dialect::keyward::organizations::id;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::fields::Fields;
use crate::service::actor::Actor;
use crate::service::api_keys::rules::{Made, New, no_key, words};
use crate::service::api_keys::{of_organization, own};
use crate::service::{Error, Result};
use crate::support::clock::Timestamp;
use crate::support::page::Page;
use crate::support::secret::ExposeSecret as _;

/// What makes a key.
pub(super) const FIELDS: &[&str] = &["name", "permissions", "organizationId", "expires"];

/// `GET /auth/api-keys`: oldest first.
pub async fn list(call: Call, actor: Actor) -> Answer<Keyward> {
    let keys = call.on_store(move |kw| own::list(kw, &actor)).await?;
    Ok(listed(&keys))
}

/// `POST /auth/api-keys {"name","permissions","organizationId"?,"expires"?}`: 201 with the key's
/// text, which no other answer has.
pub async fn make(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(FIELDS)?;
    let new = new(&fields)?;
    let made = call.on_store(move |kw| own::make(kw, &actor, new)).await?;
    Ok(HttpResponse::Created().json(render_made(&made)))
}

/// `POST /auth/api-keys/{key}/rotate`: 201 with another one of the same name; the old one lives on.
pub async fn rotate(call: Call, actor: Actor) -> Answer<Keyward> {
    let key = key(&call)?;
    let made = call
        .on_store(move |kw| own::rotate(kw, &actor, key))
        .await?;
    Ok(HttpResponse::Created().json(render_made(&made)))
}

/// `DELETE /auth/api-keys/{key}`: effective within a second.
pub async fn revoke(call: Call, actor: Actor) -> Answer<Keyward> {
    let key = key(&call)?;
    call.on_store(move |kw| own::revoke_one(kw, &actor, key))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /auth/organizations/{id}/api-keys?limit=&after=`: those that are good there alone, oldest
/// first.
pub async fn list_in(call: Call, actor: Actor) -> Answer<Keyward> {
    let (id, (after, limit)) = (id(&call)?, page(&call, |text| text.parse().ok())?);
    let keys = call
        .on_store(move |kw| of_organization::list(kw, &actor, id, (after, i64::from(limit) + 1)))
        .await?;
    let keys = Page::cut(keys, limit as usize);
    let next = keys.last().map(|key| key.id);
    let keys: Vec<Value> = keys.rows.iter().map(ApiKey::shown).collect();
    Ok(HttpResponse::Ok().json(json!({ "apiKeys": keys, "next": next })))
}

/// `DELETE /auth/organizations/{id}/api-keys/{key}`.
pub async fn revoke_in(call: Call, actor: Actor) -> Answer<Keyward> {
    let which = (id(&call)?, key(&call)?);
    call.on_store(move |kw| of_organization::revoke_one(kw, &actor, which))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The key that the path names.
pub(super) fn key(call: &Call) -> Result<ApiKeyId> {
    call.path_part("key").parse().map_err(|_| no_key())
}

pub(super) fn new(fields: &Fields) -> Result<New> {
    let name = Name::parse(fields.required("name")?);
    let wrong = "\"name\" must be 1 to 64 characters: words with single spaces between them";
    Ok(New {
        name: name.ok_or_else(|| Error::payload(wrong))?,
        scope: match fields.value("permissions") {
            None | Some(Value::Null) => {
                return Err(Error::payload("\"permissions\" is required"));
            }
            // What is no text, or no list, is no word either.
            Some(Value::Array(list)) => {
                let list = list.iter().map(|word| word.as_str().unwrap_or_default());
                words(list.map(str::to_owned).collect())?
            }
            Some(_) => words(vec![String::new()])?,
        },
        organization: organization(fields)?,
        expires_at: expires_at(fields)?,
    })
}

fn organization(fields: &Fields) -> Result<Option<OrganizationId>> {
    let id = fields.optional("organizationId")?.map(str::parse);
    id.transpose()
        .map_err(|_| Error::payload("\"organizationId\" must be the id of an organization"))
}

/// Milliseconds, as everywhere.
fn expires_at(fields: &Fields) -> Result<Option<Timestamp>> {
    Ok(fields.instant("expires")?.flatten())
}

fn listed(keys: &[ApiKey]) -> HttpResponse {
    let keys: Vec<Value> = keys.iter().map(ApiKey::shown).collect();
    HttpResponse::Ok().json(json!({ "apiKeys": keys }))
}

pub(super) fn render_made(made: &Made) -> Value {
    let mut body = made.key.shown();
    body["key"] = json!(made.text.expose_secret());
    body
}
