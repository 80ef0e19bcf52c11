//! How an act says no: a closed list of codes, each with one meaning. Public words and
//! private cause travel together and part at the door: the cause goes to the log, the
//! words to the caller. The store's errors are database troubles and become
//! `SERVICE_UNAVAILABLE`; everything that a caller can do wrong is told apart here.

use std::borrow::Cow;

use crate::store;

/// Stable; a client may compare it. The status that a face gives it stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// 400: the request is not what the route takes.
    InvalidPayload,
    /// 401: identifier, password or refresh token are not good, or a token is missing.
    InvalidCredentials,
    /// 401: the password is right, the second factor is missing or wrong.
    InvalidOtp,
    /// 401: the password is right, the e-mail address was not proven. Most faces must not
    /// tell this from wrong credentials.
    EmailNotVerified,
    /// 401: the access token is not one of ours, or no longer.
    InvalidToken,
    /// 401: the access token was good once.
    TokenExpired,
    /// 403: known who, not allowed.
    Forbidden,
    /// 404: the thing that is meant, or not the caller's.
    NotFound,
    /// 404: the path.
    RouteNotFound,
    /// 405
    MethodNotAllowed,
    /// 408: the body did not come in time.
    RequestTimeout,
    /// 409: an e-mail address or username is taken.
    Conflict,
    /// 413
    ContentTooLarge,
    /// 414
    UriTooLong,
    /// 415
    UnsupportedMediaType,
    /// 429, with `Retry-After`: from one address, or with one token.
    RequestsExceeded,
    /// 429, with `Retry-After`: wrong guesses at one account's secrets.
    AttemptsExceeded,
    /// 431
    HeadersTooLarge,
    /// 500: a defect of ours. Never expected.
    Internal,
    /// 503: a password was changed while it was compared. The acts that compare one know
    /// what to do; it is seldom told.
    Overtaken,
    /// 503, with `Retry-After`.
    ServiceUnavailable,
}

impl Code {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidPayload => "INVALID_PAYLOAD",
            Self::InvalidCredentials | Self::EmailNotVerified => "INVALID_CREDENTIALS",
            Self::InvalidOtp => "INVALID_OTP",
            Self::InvalidToken => "INVALID_TOKEN",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::RouteNotFound => "ROUTE_NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::RequestTimeout => "REQUEST_TIMEOUT",
            Self::Conflict => "CONFLICT",
            Self::ContentTooLarge => "CONTENT_TOO_LARGE",
            Self::UriTooLong => "URI_TOO_LONG",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::RequestsExceeded | Self::AttemptsExceeded => "REQUESTS_EXCEEDED",
            Self::HeadersTooLarge => "HEADERS_TOO_LARGE",
            Self::Internal => "INTERNAL_SERVER_ERROR",
            Self::Overtaken | Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Error {
    pub code: Code,
    /// For the caller. Never holds what the caller sent.
    pub message: Cow<'static, str>,
    /// For the log alone.
    pub cause: Option<String>,
    /// Seconds after which asking again may help.
    pub retry_after: Option<u32>,
    /// Whether a refresh token that met this answer is dead for good. A late tab's is
    /// refused too, but its browser may hold a better one by now.
    pub is_final: bool,
    transient: bool,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    #[must_use]
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            cause: None,
            retry_after: None,
            is_final: true,
            transient: false,
        }
    }

    /// `reason` in the words of Directus: `"password" is required`.
    #[must_use]
    pub fn payload(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidPayload, reason)
    }

    /// The same words for everything that can be wrong with credentials (threat E1).
    #[must_use]
    pub fn credentials() -> Self {
        Self::new(Code::InvalidCredentials, "Invalid user credentials.")
    }

    #[must_use]
    pub fn token() -> Self {
        Self::new(Code::InvalidToken, "Invalid token.")
    }

    #[must_use]
    pub fn expired() -> Self {
        Self::new(Code::TokenExpired, "Token expired.")
    }

    #[must_use]
    pub fn forbidden(message: &'static str) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// Overload, or a database that is away: nothing was done.
    #[must_use]
    pub fn busy(cause: impl Into<String>) -> Self {
        let mut error = Self::new(Code::ServiceUnavailable, "Service unavailable, try again.");
        error.retry_after = Some(1);
        error.is_final = false;
        error.cause = Some(cause.into());
        error
    }

    /// What was compared is not the password any more.
    #[must_use]
    pub fn overtaken() -> Self {
        let error = Self::busy("a password was changed while it was compared");
        Self {
            code: Code::Overtaken,
            ..error
        }
    }

    /// Where one's own password was to be proven: what was typed is not it any more.
    #[must_use]
    pub fn or_credentials(self) -> Self {
        if self.code == Code::Overtaken {
            Self::credentials()
        } else {
            self
        }
    }

    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    #[must_use]
    pub const fn not_final(mut self) -> Self {
        self.is_final = false;
        self
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        let transient = store::Transient::is_transient(&error);
        Self {
            transient,
            ..Self::busy(error.to_string())
        }
    }
}

impl store::Transient for Error {
    fn is_transient(&self) -> bool {
        self.transient
    }

    fn said_by_database(&self) -> Option<String> {
        self.cause.clone()
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        match &self.cause {
            Some(cause) => write!(f, " ({cause})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
