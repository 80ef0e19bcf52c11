//! How a face says no: the error of an act, in the shape of the caller's dialect. The
//! response gets the error's words, the log its cause.

use std::fmt;
use std::marker::PhantomData;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};

use crate::service::{Code, Error};

/// What a handler of a dialect gives.
pub type Answer<S> = Result<HttpResponse, Refused<S>>;

/// How a dialect says no. Without an override it is `{"errors":[{message, extensions}]}`,
/// the words of seed D, which Keyward's own dialect shares.
pub trait Shape: fmt::Debug + 'static {
    #[must_use]
    fn status(error: &Error) -> StatusCode {
        status(error.code)
    }

    #[must_use]
    fn body(error: &Error) -> Value {
        let mut extensions = json!({ "code": error.code.as_str() });
        let message = if error.code == Code::InvalidPayload {
            extensions["reason"] = json!(error.message);
            format!("Invalid payload. {}.", error.message)
        } else {
            error.message.to_string()
        };
        json!({ "errors": [{ "message": message, "extensions": extensions }] })
    }
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

/// The status of a code, where the dialect has none of its own.
#[must_use]
pub const fn status(code: Code) -> StatusCode {
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
