//! `/admin/signing-keys`.

use actix_web::HttpResponse;
use serde_json::json;

use crate::crypto::key_ring::KeyState;
use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::admin::page;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::service::actor::Actor;
use crate::service::keys;

/// `GET /admin/signing-keys`.
pub async fn list(call: Call, _: Actor) -> Answer<Keyward> {
    let keys = keys::list(&call.kw);
    let rows = keys.iter().map(|key| {
        let (state, until) = match key.state {
            KeyState::Next => ("next", None),
            KeyState::Active => ("active", None),
            KeyState::Retired { until } => ("retired", Some(until.millis())),
        };
        json!({
            "id": key.id,
            "algorithm": key.algorithm.as_str(),
            "state": state,
            "signsFrom": key.activates_at.millis(),
            "verifiesUntil": until,
        })
    });
    Ok(HttpResponse::Ok().json(page(rows, None::<String>)))
}

/// `POST /admin/signing-keys/rotate`: 201 with the next key.
pub async fn rotate(call: Call, actor: Actor) -> Answer<Keyward> {
    let next = call.on_store(move |kw| keys::rotate((kw, &actor))).await?;
    let body = json!({ "id": next.id, "signsFrom": next.from.millis() });
    Ok(HttpResponse::Created().json(body))
}

/// `POST /admin/signing-keys/replace-compromised`: 201 with the key that signs from now on.
/// Every access token that was given out dies, the caller's too; sessions live on.
pub async fn replace_compromised(call: Call, actor: Actor) -> Answer<Keyward> {
    let id = call
        .on_store(move |kw| keys::replace_compromised((kw, &actor)))
        .await?;
    Ok(HttpResponse::Created().json(json!({ "id": id })))
}
