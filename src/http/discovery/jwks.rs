//! What the world may read: the public keys, and the description of this interface.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;

use crate::http::error_response::{Answer, Keyward};
use crate::http::request::call::Call;
use crate::service::keys::{self, JWKS_CACHE};

/// `GET /.well-known/jwks.json` (RFC 7517).
pub async fn jwks(call: Call) -> Answer<Keyward> {
    Ok(HttpResponse::Ok()
        .insert_header((
            CACHE_CONTROL,
            format!("public, max-age={}", JWKS_CACHE.as_secs()),
        ))
        .json(keys::jwks(&call.kw)))
}

/// `GET /openapi.yaml` (media type of RFC 9512).
pub async fn openapi() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/yaml; charset=utf-8")
        .body(include_str!("../../../openapi.yaml"))
}
