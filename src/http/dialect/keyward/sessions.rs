//! The caller's sessions: a list of devices, and ending them.

use actix_web::HttpResponse;
use serde_json::{Value, json};

use crate::domain::id::SessionId;
use crate::domain::session::Session;
use crate::http::dialect::keyward::Keyward;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::service::actor::Actor;
use crate::service::sessions::{end_own_sessions, list};
use crate::service::{Code, Error};

/// `GET /auth/sessions`: the living ones, youngest first.
pub async fn list(call: Call, actor: Actor) -> Answer<Keyward> {
    let caller = actor.clone();
    let sessions = call.on_store(move |kw| list::list(kw, &caller)).await?;
    let sessions: Vec<Value> = sessions
        .iter()
        .map(|session| render(session, &actor))
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "sessions": sessions })))
}

/// `DELETE /auth/sessions/{id}`.
pub async fn end(call: Call, actor: Actor) -> Answer<Keyward> {
    let id: SessionId = call
        .path_part("id")
        .parse()
        .map_err(|_| Error::new(Code::NotFound, "There is no such session."))?;
    call.on_store(move |kw| end_own_sessions::one(kw, &actor, id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /auth/sessions`: all but this one.
pub async fn end_others(call: Call, actor: Actor) -> Answer<Keyward> {
    call.on_store(move |kw| end_own_sessions::others(kw, &actor))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// One session, as a list shows it.
pub(in crate::http) fn render(session: &Session, actor: &Actor) -> Value {
    json!({
        "id": session.id,
        "device": session.user_agent,
        "address": session.address,
        "organizationId": session.organization,
        "created": session.created_at.millis(),
        "lastUsed": session.generation.rotated_at.millis(),
        "expires": session.idle_expires_at.min(session.absolute_expires_at).millis(),
        "current": session.id == actor.session(),
        "amr": session.authentication.methods,
        "aal": session.authentication.level,
        "actedBy": session.acted_by.map(|(actor, _)| actor),
    })
}
