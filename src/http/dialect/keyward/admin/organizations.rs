//! `/admin/organizations`.

use actix_web::HttpResponse;
use serde_json::json;

use crate::domain::id::{AccountId, After};
use crate::domain::organization::Organization;
use crate::http::answer::Answer;
use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::admin::{after, limit, page, words};
use crate::http::dialect::keyward::members;
use crate::http::dialect::keyward::organizations::{edit, id, name};
use crate::http::render;
use crate::http::render::organization;
use crate::http::request::call::Call;
use crate::http::request::query;
use crate::service::Error;
use crate::service::actor::Actor;
use crate::service::organizations::administer;
use crate::store::memberships::MemberPage;
use crate::support::page::Page;

/// `GET /admin/organizations?search=&after=&limit=`: oldest first.
pub async fn list(call: Call, _: Actor) -> Answer<Keyward> {
    let query = query::fields(&call, &["search", "after", "limit"])?;
    let (words, limit) = (words(&query)?, limit(&query)?);
    let after = after(&query)?;
    let found = call
        .on_store(move |kw| administer::search(kw, &words, after, limit + 1))
        .await?;
    let found = Page::cut(found, limit as usize);
    let place = |last: &Organization| After::Place(last.created_at, last.id.0);
    let next = found.last().map(place);
    Ok(HttpResponse::Ok().json(page(found.rows.iter().map(organization), next)))
}

/// `POST /admin/organizations {"name","owner"}`: 201. `owner` is the id of an account.
pub async fn add(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["name", "owner"])?;
    let name = name(&fields)?;
    let owner: AccountId = fields
        .required("owner")?
        .parse()
        .map_err(|_| Error::payload("\"owner\" must be the id of an account"))?;
    let made = call
        .on_store(move |kw| administer::add((kw, &actor), name, owner))
        .await?;
    Ok(HttpResponse::Created().json(organization(&made)))
}

/// `GET /admin/organizations/{id}`.
pub async fn show(call: Call, _: Actor) -> Answer<Keyward> {
    let id = id(&call)?;
    let (found, count) = call.on_store(move |kw| administer::show(kw, id)).await?;
    let mut body = organization(&found);
    body["members"] = json!(count);
    Ok(HttpResponse::Ok().json(body))
}

/// `PATCH /admin/organizations/{id} {"name"?,"mfaRequiredFrom"?}`.
pub async fn change(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    let (edit, id) = (edit(&fields)?, id(&call)?);
    let changed = call
        .on_store(move |kw| administer::edit((kw, &actor), id, edit))
        .await?;
    Ok(HttpResponse::Ok().json(organization(&changed)))
}

/// `DELETE /admin/organizations/{id}`: 204, and every session in it ends.
pub async fn delete(call: Call, actor: Actor) -> Answer<Keyward> {
    let id = id(&call)?;
    call.on_store(move |kw| administer::delete((kw, &actor), id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /admin/organizations/{id}/members?after=&limit=`: by the ids of their accounts.
pub async fn members(call: Call, _: Actor) -> Answer<Keyward> {
    let id = id(&call)?;
    let query = query::fields(&call, &["after", "limit"])?;
    let limit = limit(&query)?;
    let after = query.optional("after")?;
    let after: Option<AccountId> = after
        .map(str::parse)
        .transpose()
        .map_err(|_| Error::payload("\"after\" must be the id of an account"))?;
    let wanted = MemberPage {
        after: after.map(|id| id.to_string()),
        limit: i64::from(limit) + 1,
    };
    let found = call
        .on_store(move |kw| administer::page(kw, id, wanted))
        .await?;
    let found = Page::cut(found, limit as usize);
    let next = found.last().map(|last| last.membership.account);
    Ok(HttpResponse::Ok().json(page(found.rows.iter().map(render::member), next)))
}

/// `PUT /admin/organizations/{id}/members/{account} {"role"}`: 204. Whoever is no member
/// becomes one.
pub async fn set_role(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["role"])?;
    let role = fields.required("role")?.to_owned();
    let which = members::which(&call)?;
    call.on_store(move |kw| administer::set_role((kw, &actor), which, &role))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /admin/organizations/{id}/members/{account}`: 204.
pub async fn remove(call: Call, actor: Actor) -> Answer<Keyward> {
    let which = members::which(&call)?;
    call.on_store(move |kw| administer::remove((kw, &actor), which))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
