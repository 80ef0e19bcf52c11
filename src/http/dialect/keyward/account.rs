//! The caller's own account: what it shows, and its password.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use serde::Serialize;
use serde_json::json;

use crate::domain::id::OrganizationId;
use crate::http::dialect::keyward::Keyward;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::fields::{new_password as password, otp};
use crate::http::request::profile_fields::{CAMEL, edit};
use crate::http::response_bodies::{self, PersonBody};
use crate::service::accounts::change_password::{NewPassword, change_password};
use crate::service::accounts::{change_profile, export, profile};
use crate::service::actor::Actor;
use crate::support::clock::Timestamp;

/// `GET /auth/me`: seed O's body, and what the token lets its holder do (decision 11).
pub async fn me(call: Call, actor: Actor) -> Answer<Keyward> {
    if actor.api_key().is_some() {
        return who(call, actor).await;
    }
    let (person, second) = call.asks(profile::asked(&call.kw, &actor)).await?;
    let claims = actor.claims();
    let due = claims.mfa_from.map(Timestamp::from_seconds);
    Ok(HttpResponse::Ok().json(Me {
        person: PersonBody::from(&person),
        role: claims.role.as_deref(),
        roles: &claims.roles,
        permissions: &person.permissions,
        organization_id: claims.org,
        is_anonymous: claims.anon,
        mfa_enabled: second,
        mfa_required_from: due.map(Timestamp::millis),
    }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Me<'a> {
    #[serde(flatten)]
    person: PersonBody<'a>,
    role: Option<&'a str>,
    roles: &'a [String],
    permissions: &'a [String],
    organization_id: Option<OrganizationId>,
    is_anonymous: bool,
    mfa_enabled: bool,
    mfa_required_from: Option<i64>,
}

/// The same for an API key: who it is of, and what it may do. What the account says of its owner
/// beyond that is no affair of a program's.
async fn who(call: Call, actor: Actor) -> Answer<Keyward> {
    let caller = actor.clone();
    let account = call.on_store(move |kw| profile::of(kw, &caller)).await?;
    let claims = actor.claims();
    let key = actor.api_key();
    Ok(HttpResponse::Ok().json(json!({
        "id": account.id,
        "kind": account.kind(),
        "email": account.email,
        "username": account.username,
        "role": claims.role,
        "roles": claims.roles,
        "permissions": claims.permissions,
        "organizationId": claims.org,
        "isAnonymous": claims.anon,
        "apiKey": key.map(|key| json!({
            "id": key.id,
            "name": key.name,
            "expires": key.expires_at.map(Timestamp::millis),
        })),
    })))
}

/// `PATCH /auth/me`: names, profile, username and terms. Addresses and passwords have routes of
/// their own, which ask for the present password.
pub async fn update(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&CAMEL.with(&[]))?;
    let edit = edit(&fields, &CAMEL, call.kw.clock.now())?;
    let caller = actor.clone();
    call.on_store(move |kw| change_profile::change_profile(kw, &caller, edit))
        .await?;
    me(call, actor).await
}

/// `GET /auth/me/export`: everything that is stored about the account, as a file.
pub async fn export(call: Call, actor: Actor) -> Answer<Keyward> {
    let document = call.on_store(move |kw| export::export(kw, &actor)).await?;
    let name = r#"attachment; filename="account.json""#;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_DISPOSITION, name))
        .json(document))
}

/// `POST /auth/password/change {"currentPassword","newPassword","otp"?}`: ends every session
/// of the caller's, and answers the tokens of a new one.
pub async fn change(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["currentPassword", "newPassword", "otp"])?;
    let typed = NewPassword {
        present: password(&fields, "currentPassword")?,
        new: password(&fields, "newPassword")?,
        otp: otp(&fields)?,
    };
    let renewed = call
        .on_password(move |kw, seat| change_password(kw, seat, &actor, &typed))
        .await
        .map_err(|refused| refused.naming_chosen("newPassword"))?;
    Ok(response_bodies::tokens(
        &call,
        &renewed.tokens,
        renewed.mode,
        None,
    ))
}
