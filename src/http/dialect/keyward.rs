//! Keyward's own dialect: what none of the five has a word for.

use actix_web::HttpResponse;
use serde_json::{Value, json};

use super::directus::Directus;
use super::{Answer, Shape, oisp};
use crate::http::call::Call;
use crate::service::{Error, profile};

#[derive(Debug)]
pub struct Own;

impl Shape for Own {
    fn body(error: &Error) -> Value {
        Directus::body(error)
    }
}

/// `GET /auth/me`: seed O's body, and what the token lets its holder do (decision 11).
pub async fn me(call: Call) -> Answer<Own> {
    let principal = call.principal()?;
    let caller = principal.clone();
    let account = call.on_store(move |kw| profile::of(kw, &caller)).await?;
    let claims = &principal.claims;
    let mut body = oisp::user(&account);
    body["username"] = json!(account.username);
    body["role"] = json!(claims.roles.first());
    body["roles"] = json!(claims.roles);
    body["permissions"] = json!(claims.permissions);
    body["organizationId"] = json!(claims.org);
    body["isAnonymous"] = json!(claims.anon);
    body["mfaEnabled"] = json!(false);
    Ok(HttpResponse::Ok().json(body))
}
