//! Hypi (seed Y): `GET /auth/token`, an old token for a new one.

/// `/auth/accounts`.
pub mod accounts;
/// Its fields of `/graphql`.
pub mod graphql;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, VARY};
use serde_json::json;

use crate::http::error_response::{Answer, Shape};
use crate::http::request::call::Call;
use crate::service::sessions::exchange::exchange;
use crate::service::tokens::authenticate::read_expired;
use crate::service::{Code, Error};
use crate::support::secret::ExposeSecret as _;

#[derive(Debug)]
pub struct Hypi;

impl Shape for Hypi {}

/// `GET /auth/token` and `POST /auth/token` (rows Y-28 to Y-40). It changes state by
/// GET, as the original does, so what a page or a prefetch asks for is refused.
pub async fn token(call: Call) -> Answer<Hypi> {
    let said = |name: &str, word: &str| {
        call.headers()
            .get_all(name)
            .any(|value| value.to_str().is_ok_and(|text| text.contains(word)))
    };
    if said("sec-fetch-site", "cross-site")
        || said("sec-fetch-site", "same-site")
        || said("sec-purpose", "prefetch")
        || said("purpose", "prefetch")
    {
        return Err(Error::forbidden("A token is not exchanged for another site's page.").into());
    }
    let token = call.exchange_token()?.ok_or_else(|| {
        let words = "No access token was found: send it as \"?token=TOKEN\", or in the header \
                     \"Authorization: Bearer TOKEN\".";
        Error::new(Code::InvalidCredentials, words)
    })?;
    let old = read_expired(&call.kw, &token)?;
    let client = call.client();
    let new = call.on_store(move |kw| exchange(kw, &old, &client)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store, private"))
        .insert_header((VARY, "Authorization"))
        .insert_header(("x-keyward-refresh", new.outcome.as_str()))
        .json(json!({ "token": new.token.expose_secret() })))
}
