//! `/auth/verify`: a reverse proxy's question "who is it" (semantics 8). The hot path:
//! answered on the event loop, from memory. All identity headers are always there,
//! empty where there is nothing to say, so that a client's own copies never survive.

use actix_web::HttpResponse;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::http::dialect::{Answer, Verify};
use crate::http::request::call::Call;

/// What stands in a header value as it is: visible ASCII but the percent sign, which
/// marks the encoded rest (threat F13).
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// In a list the comma too, so that one role is never read as two.
const IN_LIST: &AsciiSet = &ENCODED.add(b',');

/// The request's body, if it has one, is not read.
pub async fn verify(call: Call) -> Answer<Verify> {
    let principal = call.principal()?;
    let claims = &principal.claims;
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
    Ok(HttpResponse::Ok()
        .insert_header(("remote-user", text(user)))
        .insert_header(("remote-email", text(claims.email.as_deref().unwrap_or(""))))
        .insert_header(("remote-groups", groups.join(",")))
        .insert_header(("remote-name", text(claims.name.as_deref().unwrap_or(""))))
        .insert_header(("x-keyward-session", claims.sid.to_string()))
        .finish())
}
