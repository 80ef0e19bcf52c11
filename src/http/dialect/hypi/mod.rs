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
/// GET, as the original does, so what a prefetch asks for is refused, and what a page of another site
/// does, unless the operator lists it. A listed page that asks by script says so (`cors`, with its
/// origin): its images, links and prefetches do not.
pub async fn token(call: Call) -> Answer<Hypi> {
    let said = |name: &str, word: &str| {
        call.headers()
            .get_all(name)
            .any(|value| value.to_str().is_ok_and(|text| text.contains(word)))
    };
    let foreign = said("sec-fetch-site", "cross-site") || said("sec-fetch-site", "same-site");
    let mode = call.headers().get("sec-fetch-mode");
    let by_script = mode.is_some_and(|mode| mode == "cors");
    let by_listed_script = by_script && call.is_of_a_listed_origin();
    if said("sec-purpose", "prefetch")
        || said("purpose", "prefetch")
        || (foreign && !by_listed_script)
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
