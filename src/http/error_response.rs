//! How a face says no: the error of an act, in the shape of the caller's dialect. The
//! response gets the error's words, the log its cause.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};
use strum::{IntoStaticStr, VariantArray};

use crate::service::{Code, Error};

/// What a handler of a dialect gives.
pub type Answer<S> = Result<HttpResponse, Refused<S>>;

/// What is refused before an act is reached. Stable words, as [`Code`]'s are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Http {
    RouteNotFound,
    MethodNotAllowed,
    RequestTimeout,
    ContentTooLarge,
    UriTooLong,
    UnsupportedMediaType,
    HeadersTooLarge,
    HttpsRequired,
}

/// A refusal: an act's, or HTTP's own.
#[derive(Clone, Debug)]
pub enum Refusal {
    Act(Error),
    Http(Http, Cow<'static, str>),
}

impl Refusal {
    #[must_use]
    pub fn http(code: Http, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Http(code, message.into())
    }

    /// The act's code; `None` where no act was reached.
    #[must_use]
    pub const fn act(&self) -> Option<Code> {
        match self {
            Self::Act(error) => Some(error.code),
            Self::Http(..) => None,
        }
    }

    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Act(error) => error.code.as_str(),
            Self::Http(code, _) => code.into(),
        }
    }

    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Act(error) => &error.message,
            Self::Http(_, message) => message,
        }
    }

    /// The status, where the dialect has none of its own.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Act(error) => status_of_act(error.code),
            Self::Http(code, _) => status_of_http(*code),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Act(error)
    }
}

/// How a dialect says no. Without an override it is `{"errors":[{message, extensions}]}`,
/// the words of seed D, which Keyward's own dialect shares.
pub trait Shape: fmt::Debug + 'static {
    #[must_use]
    fn status(refusal: &Refusal) -> StatusCode {
        refusal.status()
    }

    #[must_use]
    fn body(refusal: &Refusal) -> Value {
        let mut extensions = json!({ "code": refusal.code() });
        let mut message = refusal.message().to_owned();
        if matches!(
            refusal.act(),
            Some(Code::InvalidPayload | Code::WeakPassword)
        ) {
            extensions["reason"] = json!(message);
            // A reason that is a sentence has its full stop.
            let sentence = message.trim_end_matches('.');
            message = format!("Invalid payload. {sentence}.");
        }
        json!({ "errors": [{ "message": message, "extensions": extensions }] })
    }
}

/// Keyward's own dialect, which says no as the default does.
#[derive(Debug)]
pub struct Keyward;

impl Shape for Keyward {}

/// A refusal on its way out, in the shape of its dialect.
#[derive(Debug)]
pub struct Refused<S> {
    refusal: Refusal,
    cookie: Option<HeaderValue>,
    shape: PhantomData<S>,
}

impl<S, E: Into<Refusal>> From<E> for Refused<S> {
    fn from(error: E) -> Self {
        Self {
            refusal: error.into(),
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
        f.write_str(self.refusal.message())
    }
}

impl<S: Shape> ResponseError for Refused<S> {
    fn status_code(&self) -> StatusCode {
        S::status(&self.refusal)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = refuse::<S>(&self.refusal);
        if let Some(cookie) = &self.cookie {
            response.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        response
    }
}

/// The response for a refusal, and its cause into the log: the two part here.
#[must_use]
pub fn refuse<S: Shape>(refusal: &Refusal) -> HttpResponse {
    let status = S::status(refusal);
    if let Refusal::Act(error) = refusal {
        log_cause(error);
    }
    let mut response = HttpResponse::build(status);
    if let Refusal::Act(error) = refusal
        && let Some(seconds) = error.retry_after
    {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((WWW_AUTHENTICATE, challenge(refusal).as_ref()));
    }
    response.json(S::body(refusal))
}

/// The cause of a refusal, into the log.
pub fn log_cause(error: &Error) {
    match error.code {
        Code::Defect => log::error!("defect: {error}"),
        Code::ServiceUnavailable => log::warn!("busy: {error}"),
        _ => {}
    }
}

/// RFC 6750 section 3, RFC 9470 section 3.
fn challenge(refusal: &Refusal) -> Cow<'static, str> {
    if let Refusal::Act(Error {
        step_up: Some(wanted),
        ..
    }) = refusal
    {
        return format!(
            r#"Bearer error="insufficient_user_authentication", error_description="Show again who you are"{}"#,
            wanted.parameters()
        )
        .into();
    }
    match refusal.act() {
        Some(Code::InvalidToken) => r#"Bearer error="invalid_token""#,
        Some(Code::TokenExpired) => {
            r#"Bearer error="invalid_token", error_description="The access token expired""#
        }
        _ => "Bearer",
    }
    .into()
}

const fn status_of_act(code: Code) -> StatusCode {
    match code {
        Code::InvalidPayload | Code::WeakPassword | Code::InvalidCode => StatusCode::BAD_REQUEST,
        Code::InvalidCredentials
        | Code::InvalidOtp
        | Code::EmailNotVerified
        | Code::InvalidToken
        | Code::TokenExpired
        | Code::StepUpRequired => StatusCode::UNAUTHORIZED,
        Code::Forbidden | Code::WrongPassword | Code::WrongOtp => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Conflict => StatusCode::CONFLICT,
        Code::RequestsExceeded | Code::AttemptsExceeded => StatusCode::TOO_MANY_REQUESTS,
        Code::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Defect => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

const fn status_of_http(code: Http) -> StatusCode {
    match code {
        Http::RouteNotFound => StatusCode::NOT_FOUND,
        Http::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Http::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Http::ContentTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Http::UriTooLong => StatusCode::URI_TOO_LONG,
        Http::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Http::HttpsRequired => StatusCode::FORBIDDEN,
        Http::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    }
}
