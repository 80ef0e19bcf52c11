//! `/auth/verify`: a reverse proxy's question "who is it" (semantics 8). The hot path:
//! answered on the event loop, from memory. All identity headers are always there,
//! empty where there is nothing to say, so that a client's own copies never survive.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::domain::assurance::Wanted;
use crate::http::answer::{Answer, Refusal, Shape};
use crate::http::request::call::Call;
use crate::service::actor::Actor;
use crate::service::{Error, Result};

pub const PATH: &str = "/auth/verify";

/// How long ago the caller may have signed in at the most, in seconds.
const MAX_AGE: &str = "x-keyward-max-age";

/// How well.
const ACR: &str = "x-keyward-acr";

/// How a proxy that asks [`PATH`] is refused. nginx's `auth_request` knows 2xx, 401 and 403;
/// anything else becomes a 500 of the proxy's own. So a request that can not be read is
/// answered 401 (semantics 8).
#[derive(Debug)]
pub struct Verify;

impl Shape for Verify {
    fn status(refusal: &Refusal) -> StatusCode {
        match refusal.status() {
            status @ (StatusCode::FORBIDDEN | StatusCode::SERVICE_UNAVAILABLE) => status,
            // A defect is no answer about the caller.
            StatusCode::INTERNAL_SERVER_ERROR => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }
}

/// What stands in a header value as it is: visible ASCII but the percent sign, which
/// marks the encoded rest (threat F13).
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// In a list the comma too, so that one role is never read as two.
const IN_LIST: &AsciiSet = &ENCODED.add(b',');

/// What the proxy asks for, in headers of its own: the query is the client's, and stands in the
/// original address. What a client puts there can only ask for more. One that can not be read
/// lets nobody pass.
fn wanted(call: &Call) -> Result<Wanted> {
    let read = |name: &str| {
        let mut values = call.headers().get_all(name);
        let first = values.next().map(|value| value.to_str().unwrap_or("?"));
        if values.next().is_some() {
            Some("?")
        } else {
            first
        }
    };
    Wanted::parse(read(MAX_AGE), read(ACR)).ok_or_else(|| {
        Error::payload(
            "X-Keyward-Max-Age must be a number of seconds, and X-Keyward-Acr aal1 or aal2",
        )
    })
}

/// The request's body, if it has one, is not read.
pub async fn verify(call: Call, actor: Actor) -> Answer<Verify> {
    actor.require_shown(&wanted(&call)?, call.kw.clock.now())?;
    let claims = actor.claims();
    let id = claims.sub.to_string();
    let user = claims
        .preferred_username
        .as_deref()
        .or(claims.email.as_deref())
        .unwrap_or(&id);
    let text = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let groups: Vec<String> = claims
        .roles
        .iter()
        .map(|role| utf8_percent_encode(role, IN_LIST).to_string())
        .collect();
    let permissions = claims.permissions.iter();
    let permissions: Vec<String> = permissions
        .map(|word| utf8_percent_encode(word, IN_LIST).to_string())
        .collect();
    let organization = claims.org.map(|id| id.to_string());
    let key = actor.api_key().map(|key| key.id.to_string());
    let acting = claims.act.as_ref().map(|act| act.sub.to_string());
    Ok(HttpResponse::Ok()
        .insert_header(("remote-user", text(user)))
        .insert_header(("remote-email", text(claims.email.as_deref().unwrap_or(""))))
        .insert_header(("remote-groups", groups.join(",")))
        .insert_header(("remote-name", text(claims.name.as_deref().unwrap_or(""))))
        .insert_header(("x-keyward-session", claims.sid.to_string()))
        .insert_header(("x-keyward-account", id))
        .insert_header(("x-keyward-organization", organization.unwrap_or_default()))
        .insert_header(("x-keyward-permissions", permissions.join(",")))
        .insert_header(("x-keyward-actor", acting.unwrap_or_default()))
        .insert_header(("x-keyward-api-key", key.unwrap_or_default()))
        .finish())
}
