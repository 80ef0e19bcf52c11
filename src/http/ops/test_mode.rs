//! Routes of `keyward serve --test-mode` alone: integrators move the clock and see
//! tokens expire in milliseconds.

use actix_web::HttpResponse;
use serde_json::json;

use crate::config::parse_duration;
use crate::http::answer::{Answer, Keyward};
use crate::http::request::call::Call;
use crate::service::Error;

/// `GET /test/clock`.
pub async fn clock(call: Call) -> Answer<Keyward> {
    Ok(HttpResponse::Ok().json(json!({ "now": call.kw.clock.now().iso() })))
}

/// `POST /test/clock {"advance":"15m"}`.
pub async fn advance(mut call: Call) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["advance"])?;
    let by = parse_duration(fields.required("advance")?)
        .map_err(|wanted| Error::payload(format!("\"advance\" must be {wanted}")))?;
    call.kw.clock.advance(by);
    clock(call).await
}
