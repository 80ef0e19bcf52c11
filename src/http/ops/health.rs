//! Liveness and readiness, apart: a process that can not reach its database is alive.

use std::time::Duration;

use actix_web::HttpResponse;
use serde_json::json;

use crate::http::error_response::{Answer, Keyward};
use crate::http::request::call::Call;
use crate::service::upkeep::readiness;
use crate::service::{Error, Result};

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
    match tokio::time::timeout(PATIENCE, takes_writes(&call)).await {
        Ok(answer) => answer?,
        Err(_) => return Err(Error::busy("the database is silent").into()),
    }
    Ok(HttpResponse::Ok().json(json!({ "status": "ok" })))
}

/// Asks the database once a second, whoever asks how often, and beside the lane of the acts:
/// anybody may ask, and nobody's sign-in should wait for it (`attack_l2`).
async fn takes_writes(call: &Call) -> Result<()> {
    let question = &call.web.takes_writes;
    loop {
        let told = question.told();
        if let Some(answer) = question.young(call.kw.clock.now()) {
            return answer;
        }
        if let Some(asking) = question.begin() {
            // It runs on where nobody waits for it any more.
            call.kw.aside(move |kw| {
                asking.answer(readiness::takes_writes(kw), kw.clock.now());
            });
        }
        told.await;
    }
}
