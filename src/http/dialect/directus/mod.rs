//! Directus (seed D): the caller's own account and second factor, as its SDK speaks them.
//! Its sign-in, refresh and sign-out are Keyward's own (`keyward/sign_in.rs`). Bodies are
//! flat; `KEYWARD_DIRECTUS_ENVELOPE` wraps them.

/// `DELETE /users/me`.
pub mod delete_own_account;
/// Its twins at `/graphql`.
pub mod graphql;
/// `/users/register`, `/users/invite`.
pub mod registration;
/// `tfa/*`.
pub mod second_factor;
/// `/users/me`.
pub mod users;

use actix_web::HttpResponse;
use serde_json::json;

use crate::http::error_response::Shape;

#[derive(Debug)]
pub struct Directus;

impl Shape for Directus {}

/// `GET /server/ping`.
pub async fn ping() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("pong")
}

/// `GET /auth`: the sign-in providers. There are none yet.
pub async fn providers() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "data": [], "disableDefault": false }))
}
