//! `/auth/verify`: a reverse proxy's question "who is it" (semantics 8). The hot path:
//! answered on the event loop, from memory. All identity headers are always there,
//! empty where there is nothing to say, so that a client's own copies never survive.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use uuid::Uuid;

use crate::domain::rights::assurance::Wanted;
use crate::http::error_response::{Answer, Refusal, Shape};
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
    let buffer = &mut Uuid::encode_buffer();
    let mut response = HttpResponse::Ok().finish();
    let headers = response.headers_mut();
    let user = claims.preferred_username.as_deref();
    match user.or(claims.email.as_deref()) {
        Some(user) => headers.insert(USER, text(user)?),
        None => headers.insert(USER, id(Some(claims.sub.0), buffer)?),
    };
    headers.insert(EMAIL, text(claims.email.as_deref().unwrap_or_default())?);
    headers.insert(GROUPS, list(&claims.roles)?);
    headers.insert(NAME, text(claims.name.as_deref().unwrap_or_default())?);
    headers.insert(SESSION, id(Some(claims.sid.0), buffer)?);
    headers.insert(ACCOUNT, id(Some(claims.sub.0), buffer)?);
    headers.insert(ORGANIZATION, id(claims.org.map(|it| it.0), buffer)?);
    headers.insert(PERMISSIONS, list(&claims.permissions)?);
    // Who may nothing is not taken for whose token had no room for the words.
    let left_out = claims.perm_ref.as_deref().unwrap_or_default();
    headers.insert(PERMISSIONS_REF, text(left_out)?);
    let acting = claims.act.as_ref().map(|act| act.sub.0);
    headers.insert(ACTOR, id(acting, buffer)?);
    headers.insert(API_KEY, id(actor.api_key().map(|key| key.id.0), buffer)?);
    Ok(response)
}

const USER: HeaderName = HeaderName::from_static("remote-user");
const EMAIL: HeaderName = HeaderName::from_static("remote-email");
const GROUPS: HeaderName = HeaderName::from_static("remote-groups");
const NAME: HeaderName = HeaderName::from_static("remote-name");
const SESSION: HeaderName = HeaderName::from_static("x-keyward-session");
const ACCOUNT: HeaderName = HeaderName::from_static("x-keyward-account");
const ORGANIZATION: HeaderName = HeaderName::from_static("x-keyward-organization");
const PERMISSIONS: HeaderName = HeaderName::from_static("x-keyward-permissions");
const PERMISSIONS_REF: HeaderName = HeaderName::from_static("x-keyward-permissions-ref");
const ACTOR: HeaderName = HeaderName::from_static("x-keyward-actor");
const API_KEY: HeaderName = HeaderName::from_static("x-keyward-api-key");

fn text(text: &str) -> Result<HeaderValue> {
    value(&Cow::from(utf8_percent_encode(text, ENCODED)))
}

fn list(words: &[String]) -> Result<HeaderValue> {
    let one = |word| Cow::from(utf8_percent_encode(word, IN_LIST));
    match words {
        [] => value(""),
        [word] => value(&one(word)),
        _ => value(
            &words
                .iter()
                .map(|word| one(word))
                .collect::<Vec<_>>()
                .join(","),
        ),
    }
}

fn id(id: Option<Uuid>, buffer: &mut [u8]) -> Result<HeaderValue> {
    id.map_or_else(
        || value(""),
        |id| value(id.hyphenated().encode_lower(buffer)),
    )
}

/// One that can not be made lets nobody pass.
fn value(text: &str) -> Result<HeaderValue> {
    if text.is_empty() {
        return Ok(HeaderValue::from_static(""));
    }
    HeaderValue::from_str(text).map_err(|error| Error::defect(error.to_string()))
}
