//! Liveness and readiness, apart: a process that can not reach its database is alive.

use std::time::Duration;

use actix_web::HttpResponse;
use serde_json::json;

use crate::http::answer::{Answer, Keyward};
use crate::http::request::call::Call;
use crate::service::Error;
use crate::service::upkeep::readiness;

/// `GET /health/live`: the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// How long a question to the database may take: less than the second that supervisors wait
/// for an answer.
const PATIENCE: Duration = Duration::from_millis(600);

/// `GET /health/ready`: it can sign people in and check tokens; 503 where the database is away
/// or takes no writes, where revocations are not followed, and once it was told to stop: a
/// balancer sends nobody any more, while those who come are served.
pub async fn ready(call: Call) -> Answer<Keyward> {
    if call.web.is_stopping() {
        return Err(Error::busy("it was told to stop").into());
    }
    readiness::follows_revocations(&call.kw)?;
    let asked = call.on_store(readiness::takes_writes);
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer?,
        Err(_) => return Err(Error::busy("the database is silent").into()),
    }
    Ok(HttpResponse::Ok().json(json!({ "status": "ok" })))
}
