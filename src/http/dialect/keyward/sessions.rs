//! The caller's sessions: a list of devices, and ending them.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use crate::domain::id::SessionId;
use crate::domain::session::Session;
use crate::http::dialect::Answer;
use crate::http::dialect::keyward::Own;
use crate::http::request::call::Call;
use crate::service::sessions::end;
use crate::service::tokens::authenticate::Principal;
use crate::service::{Code, Error};

/// `GET /auth/sessions`: the living ones, youngest first.
pub async fn list(call: Call) -> Answer<Own> {
    let principal = call.principal()?;
    let caller = principal.clone();
    let sessions = call.on_store(move |kw| end::list(kw, &caller)).await?;
    let sessions: Vec<Value> = sessions
        .iter()
        .map(|session| render(session, &principal))
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "sessions": sessions })))
}

/// `DELETE /auth/sessions/{id}`.
pub async fn end(call: Call, path: web::Path<String>) -> Answer<Own> {
    let principal = call.principal()?;
    let id: SessionId = path
        .parse()
        .map_err(|_| Error::new(Code::NotFound, "There is no such session."))?;
    let client = call.client();
    call.on_store(move |kw| end::one(kw, &principal, id, &client))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /auth/sessions`: all but this one.
pub async fn end_others(call: Call) -> Answer<Own> {
    let principal = call.principal()?;
    let client = call.client();
    call.on_store(move |kw| end::others(kw, &principal, &client))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn render(session: &Session, principal: &Principal) -> Value {
    json!({
        "id": session.id,
        "device": session.user_agent,
        "address": session.address,
        "created": session.created_at.millis(),
        "lastUsed": session.generation.rotated_at.millis(),
        "expires": session.idle_expires_at.min(session.absolute_expires_at).millis(),
        "current": session.id == principal.session(),
        "amr": session.authentication.methods,
        "aal": session.authentication.level,
    })
}
