//! Liveness and readiness, apart: a process that can not reach its database is alive.

use actix_web::HttpResponse;
use serde_json::json;

use crate::http::answer::{Answer, Keyward};
use crate::http::request::call::Call;
use crate::service::Error;
use crate::service::accounts::administer;

/// `GET /health/live`: the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /health/ready`: it can sign people in; 503 where the database is away, and once it
/// was told to stop: a balancer sends nobody any more, while those who come are served.
pub async fn ready(call: Call) -> Answer<Keyward> {
    if call.web.is_stopping() {
        return Err(Error::busy("it was told to stop").into());
    }
    call.on_store(administer::is_reachable).await?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ok" })))
}
