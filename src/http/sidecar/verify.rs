//! `/auth/verify`: a reverse proxy's question "who is it" (semantics 8). The hot path:
//! answered on the event loop, from memory. All identity headers are always there,
//! empty where there is nothing to say, so that a client's own copies never survive.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::http::answer::{Answer, Refusal, Shape};
use crate::http::request::call::Call;
use crate::service::actor::Actor;

pub const PATH: &str = "/auth/verify";

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

/// The request's body, if it has one, is not read.
pub async fn verify(_: Call, actor: Actor) -> Answer<Verify> {
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
    let acting = claims.act.as_ref().map(|act| act.sub.to_string());
    Ok(HttpResponse::Ok()
        .insert_header(("remote-user", text(user)))
        .insert_header(("remote-email", text(claims.email.as_deref().unwrap_or(""))))
        .insert_header(("remote-groups", groups.join(",")))
        .insert_header(("remote-name", text(claims.name.as_deref().unwrap_or(""))))
        .insert_header(("x-keyward-session", claims.sid.to_string()))
        .insert_header(("x-keyward-actor", acting.unwrap_or_default()))
        .finish())
}
