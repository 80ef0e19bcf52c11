//! `/admin/api-keys`.

use actix_web::HttpResponse;

use crate::domain::id::AccountId;
use crate::domain::rights::api_key::ApiKey;
use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::admin::{limit, page};
use crate::http::dialect::keyward::api_keys::{key, new, render_made};
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::query;
use crate::service::actor::Actor;
use crate::service::api_keys::administer;
use crate::service::{Error, Result};
use crate::support::page::Page;

/// `GET /admin/api-keys?account=&after=&limit=`: oldest first.
pub async fn list(call: Call, _: Actor) -> Answer<Keyward> {
    let query = query::fields(&call, &["account", "after", "limit"])?;
    let limit = limit(&query)?;
    let account = query.optional("account")?.map(account).transpose()?;
    let after = query.optional("after")?.map(str::parse).transpose();
    let after = after.map_err(|_| Error::payload("\"after\" must be the id of an API key"))?;
    let keys = call
        .on_store(move |kw| administer::list(kw, account, after, limit + 1))
        .await?;
    let keys = Page::cut(keys, limit as usize);
    let next = keys.last().map(|key| key.id);
    Ok(HttpResponse::Ok().json(page(keys.rows.iter().map(ApiKey::shown), next)))
}

/// `POST /admin/api-keys {"account","name","permissions","organizationId"?,"expires"?}`: 201 with
/// the key's text, which no other answer has.
pub async fn make(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&[
        "account",
        "name",
        "permissions",
        "organizationId",
        "expires",
    ])?;
    let id = account(fields.required("account")?)?;
    let new = new(&fields)?;
    let made = call
        .on_store(move |kw| administer::make((kw, &actor), id, new))
        .await?;
    Ok(HttpResponse::Created().json(render_made(&made)))
}

/// `POST /admin/api-keys/{key}/rotate`: 201.
pub async fn rotate(call: Call, actor: Actor) -> Answer<Keyward> {
    let key = key(&call)?;
    let made = call
        .on_store(move |kw| administer::rotate((kw, &actor), key))
        .await?;
    Ok(HttpResponse::Created().json(render_made(&made)))
}

/// `DELETE /admin/api-keys/{key}`: effective within a second.
pub async fn revoke(call: Call, actor: Actor) -> Answer<Keyward> {
    let key = key(&call)?;
    call.on_store(move |kw| administer::revoke_one((kw, &actor), key))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn account(text: &str) -> Result<AccountId> {
    text.parse()
        .map_err(|_| Error::payload("\"account\" must be the id of an account"))
}
