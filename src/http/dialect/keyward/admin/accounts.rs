//! `/admin/accounts`.

use actix_web::HttpResponse;
use serde_json::{Value, json};

use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::admin::{account, after, limit, page, words};
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::fields::{Fields, new_password};
use crate::http::request::profile_fields::{CAMEL, edit, email};
use crate::http::request::query;
use crate::http::response_bodies;
use crate::service::accounts::administer::{self, NewAccount, Patch};
use crate::service::accounts::show_to_administrator::AccountView;
use crate::service::accounts::{delete_own_account, search, show_to_administrator};
use crate::service::actor::Actor;
use crate::service::{Error, Result};

/// `GET /admin/accounts?search=&after=&limit=`: oldest first.
pub async fn list(call: Call, _: Actor) -> Answer<Keyward> {
    let query = query::fields(&call, &["search", "after", "limit"])?;
    let limit = limit(&query)?;
    let words = words(&query)?;
    let after = after(&query)?;
    let found = call
        .on_store(move |kw| search::search(kw, &words, after, limit))
        .await?;
    let rows = found.accounts.iter().map(brief);
    Ok(HttpResponse::Ok().json(page(rows, found.next)))
}

/// `GET /admin/accounts/{id}`.
pub async fn show(call: Call, _: Actor) -> Answer<Keyward> {
    let id = account(&call);
    shown(&call, id).await
}

/// `POST /admin/accounts {"kind":"machine","username",…}`: an account of a program.
async fn add_machine(call: Call, actor: Actor, fields: &Fields) -> Answer<Keyward> {
    fields.only(&CAMEL.with(&["kind", "role"]))?;
    let mut edit = edit(fields, &CAMEL, call.kw.clock.now())?;
    let username = edit.username.take();
    let username = username.ok_or_else(|| Error::payload("\"username\" is required"))?;
    let role = fields.optional("role")?.map(str::to_owned);
    let id = call
        .on_store(move |kw| administer::add_machine((kw, &actor), username, (edit, role)))
        .await?;
    created(&call, id).await
}

/// `POST /admin/accounts`: 201. An administrator vouches for the address, unless `verified` is
/// false. Without a password its owner asks for one by `POST /auth/password/request`.
pub async fn add(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    match fields.optional("kind")? {
        None | Some("person") => {}
        Some("machine") => return add_machine(call, actor, &fields).await,
        Some(_) => {
            return Err(Error::payload("\"kind\" must be one of [person, machine]").into());
        }
    }
    let own = ["kind", "email", "password", "verified", "role"];
    fields.only(&CAMEL.with(&own))?;
    let now = call.kw.clock.now();
    let mut edit = edit(&fields, &CAMEL, now)?;
    let new = NewAccount {
        further: Vec::new(),
        email: email(&fields, "email")?,
        username: edit.username.take(),
        password: match fields.optional("password")? {
            Some(_) => Some(new_password(&fields, "password")?),
            None => None,
        },
        admin: false,
        verified: flag(&fields, "verified")?.unwrap_or(true),
    };
    let role = fields.optional("role")?.map(str::to_owned);
    let id = call
        .on_password(move |kw, seat| administer::add_on_lane((kw, &actor), seat, new, (edit, role)))
        .await?;
    created(&call, id).await
}

async fn created(call: &Call, id: AccountId) -> Answer<Keyward> {
    let mut answer = shown(call, id).await?;
    *answer.status_mut() = actix_web::http::StatusCode::CREATED;
    Ok(answer)
}

/// `PATCH /admin/accounts/{id}`: `enabled`, names and profile.
pub async fn change(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&CAMEL.with(&["enabled"]))?;
    let enabled = flag(&fields, "enabled")?;
    let is_edited = CAMEL
        .with(&[])
        .iter()
        .any(|name| fields.value(name).is_some());
    let edit = edit(&fields, &CAMEL, call.kw.clock.now())?;
    let id = account(&call);
    let patch = Patch {
        enabled,
        edit: is_edited.then_some(edit),
    };
    call.on_store(move |kw| administer::edit_account((kw, &actor), id, patch))
        .await?;
    shown(&call, id).await
}

/// `DELETE /admin/accounts/{id}`: 204.
pub async fn delete(call: Call, actor: Actor) -> Answer<Keyward> {
    let id = account(&call);
    call.on_store(move |kw| delete_own_account::delete((kw, &actor), id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn shown(call: &Call, id: AccountId) -> Answer<Keyward> {
    let AccountView {
        person,
        has_second_factor,
        access,
    } = call
        .on_store(move |kw| show_to_administrator::show(kw, id))
        .await?;
    let mut body = response_bodies::person(&person);
    let standing = standing(&person.account);
    if let (Value::Object(body), Value::Object(standing)) = (&mut body, standing) {
        body.extend(standing);
    }
    body["mfaEnabled"] = json!(has_second_factor);
    body["roles"] = json!(access.roles);
    body["permissions"] = json!(access.permissions);
    Ok(HttpResponse::Ok().json(body))
}

/// One line of a list.
fn brief(account: &Account) -> Value {
    let mut body = response_bodies::account(account);
    let more = json!({
        "username": account.username,
        "firstName": account.first_name,
        "lastName": account.last_name,
    });
    if let Value::Object(body) = &mut body {
        for part in [more, standing(account)] {
            if let Value::Object(part) = part {
                body.extend(part);
            }
        }
    }
    body
}

fn standing(account: &Account) -> Value {
    json!({
        "kind": account.kind(),
        "enabled": account.enabled,
        "isAnonymous": account.anonymous,
        "createdBy": account.created_by,
        "lastLogin": account.last_login_at.map(crate::support::clock::Timestamp::millis),
    })
}

fn flag(fields: &Fields, name: &str) -> Result<Option<bool>> {
    match fields.value(name) {
        None => Ok(None),
        Some(_) => fields.is_true(name).map(Some),
    }
}
