//! Dialects: a wire format each, one file each. A dialect owns its bodies and how it
//! says no; what happens is an act's concern.
//!
//! To add one: write `NAME.rs` with handlers `async fn(Call) -> Answer<Shape>`, a unit
//! struct that implements [`Shape`], a `mod` line here, a group of rows in
//! `http/routes.rs`, its paths in `openapi.yaml`, and golden exchanges in `tests/api`.

pub mod directus;
pub mod hypi;
pub mod keyward;
pub mod oisp;

use std::fmt;
use std::marker::PhantomData;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::Value;

use crate::service::{Code, Error};

/// What a handler of a dialect gives.
pub type Answer<S> = Result<HttpResponse, Refused<S>>;

/// How a dialect says no.
pub trait Shape: fmt::Debug + 'static {
    #[must_use]
    fn status(error: &Error) -> StatusCode {
        status(error.code)
    }

    fn body(error: &Error) -> Value;
}

/// An error on its way out, in the shape of its dialect.
#[derive(Debug)]
pub struct Refused<S> {
    error: Error,
    cookie: Option<HeaderValue>,
    shape: PhantomData<S>,
}

impl<S> From<Error> for Refused<S> {
    fn from(error: Error) -> Self {
        Self {
            error,
            cookie: None,
            shape: PhantomData,
        }
    }
}

impl<S> Refused<S> {
    /// With a `Set-Cookie` on it.
    pub fn with_cookie(error: Error, cookie: HeaderValue) -> Self {
        Self {
            cookie: Some(cookie),
            ..Self::from(error)
        }
    }
}

impl<S> fmt::Display for Refused<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<S: Shape> ResponseError for Refused<S> {
    fn status_code(&self) -> StatusCode {
        S::status(&self.error)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = refuse::<S>(&self.error);
        if let Some(cookie) = &self.cookie {
            response.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        response
    }
}

/// The response for an error, and its cause into the log: the two part here.
#[must_use]
pub fn refuse<S: Shape>(error: &Error) -> HttpResponse {
    let status = S::status(error);
    if status.is_server_error() {
        log::error!("{} {error}", error.code.as_str());
    }
    let mut response = HttpResponse::build(status);
    if let Some(seconds) = error.retry_after {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((WWW_AUTHENTICATE, challenge(error.code)));
    }
    response.json(S::body(error))
}

pub const VERIFY: &str = "/auth/verify";

/// How a proxy that asks [`VERIFY`] is told no. It lets a request through at 2xx and refuses
/// it at 401 and 403; of anything else it makes an error of its own, as if Keyward were
/// broken. So a request that can not be read is nobody's (semantics 8).
#[derive(Debug)]
pub struct Verify;

impl Shape for Verify {
    fn status(error: &Error) -> StatusCode {
        match status(error.code) {
            status @ (StatusCode::FORBIDDEN | StatusCode::SERVICE_UNAVAILABLE) => status,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    fn body(error: &Error) -> Value {
        directus::Directus::body(error)
    }
}

/// RFC 6750 section 3.
const fn challenge(code: Code) -> &'static str {
    match code {
        Code::InvalidToken => r#"Bearer error="invalid_token""#,
        Code::TokenExpired => {
            r#"Bearer error="invalid_token", error_description="The access token expired""#
        }
        _ => "Bearer",
    }
}

const fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidPayload => StatusCode::BAD_REQUEST,
        Code::InvalidCredentials
        | Code::InvalidOtp
        | Code::EmailNotVerified
        | Code::InvalidToken
        | Code::TokenExpired => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound | Code::RouteNotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Code::Conflict => StatusCode::CONFLICT,
        Code::ContentTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UriTooLong => StatusCode::URI_TOO_LONG,
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::RequestsExceeded | Code::AttemptsExceeded => StatusCode::TOO_MANY_REQUESTS,
        Code::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Overtaken | Code::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// For what is refused before a handler is reached: the shape of the path's dialect.
#[must_use]
pub fn refuse_at(path: &str, error: &Error) -> HttpResponse {
    if path == VERIFY {
        refuse::<Verify>(error)
    } else if path.starts_with("/v1/api/") {
        refuse::<oisp::Oisp>(error)
    } else {
        refuse::<directus::Directus>(error)
    }
}
