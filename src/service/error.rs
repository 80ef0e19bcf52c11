//! How an act says no: a closed list of codes, each with one meaning. Public words and
//! private cause travel together and part at the face: the cause goes to the log, the words
//! to the caller. HTTP's own refusals (a body too large, an unknown path) are the face's
//! (`http/error_response.rs`).

use std::borrow::Cow;

use strum::{IntoStaticStr, VariantArray};

use crate::crypto::password::NoMemory;
use crate::domain::password_policy::Weakness;
use crate::domain::rights::assurance::Wanted;
use crate::service::refusal_reason::Reason;
use crate::store;

/// Stable; a client may compare it. The face gives it a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The request is not what the act takes.
    InvalidPayload,
    /// The request is what the act takes, but for a new password that the policy refuses.
    #[strum(serialize = "INVALID_PAYLOAD")]
    WeakPassword,
    /// Identifier, password or refresh token are not good, or a token is missing.
    InvalidCredentials,
    /// The password is right, the second factor is missing or wrong.
    InvalidOtp,
    /// The access token is good, and the caller's own password is not what was typed.
    WrongPassword,
    /// The access token is good, and what was typed is no code of the caller's second factor.
    #[strum(serialize = "INVALID_OTP")]
    WrongOtp,
    /// The password is right, the e-mail address was not proven. Most faces must not tell
    /// this from wrong credentials.
    #[strum(serialize = "INVALID_CREDENTIALS")]
    EmailNotVerified,
    /// The access token is not one of ours, or no longer.
    InvalidToken,
    /// The access token was good once.
    TokenExpired,
    /// The access token is good, and its holder must show again, or better, who they are.
    StepUpRequired,
    /// A one-time code that is not good, or not any more.
    InvalidCode,
    /// Known who, not allowed.
    Forbidden,
    /// The thing that is meant does not exist, or is not the caller's.
    NotFound,
    /// What is to be made is there already: an address, a second factor, a waiting key.
    Conflict,
    /// From one address, or with one token, came too many requests. With a time to wait.
    RequestsExceeded,
    /// Too many wrong guesses were made at one account's secrets. With a time to wait.
    #[strum(serialize = "REQUESTS_EXCEEDED")]
    AttemptsExceeded,
    /// The database is away, or too much is going on. Asking again helps.
    ServiceUnavailable,
    /// Something is wrong with the service itself, and stays so until an operator mends it:
    /// a wrong secret, a missing key, a row that can not be read.
    #[strum(serialize = "INTERNAL_SERVER_ERROR")]
    Defect,
}

impl Code {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}{}", .cause.as_deref().map(|cause| format!(" ({cause})")).unwrap_or_default())]
pub struct Error {
    pub code: Code,
    /// For the caller. Never holds what the caller sent.
    pub message: Cow<'static, str>,
    /// For the log alone.
    pub cause: Option<String>,
    /// Seconds after which asking again may help.
    pub retry_after: Option<u32>,
    /// What a step-up must show.
    pub step_up: Option<Wanted>,
    /// Why a payload is refused, where a face has its own words for it.
    pub reason: Option<Reason>,
    /// The store may run the transaction again.
    transient: bool,
    /// What was compared is not the password any more: see [`Error::overtaken`].
    overtaken: bool,
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
            step_up: None,
            reason: None,
            transient: false,
            overtaken: false,
        }
    }

    /// `reason` in the words of Directus: `"password" is required`.
    #[must_use]
    pub fn payload(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidPayload, reason)
    }

    /// The same for a reason that a face may word otherwise.
    #[must_use]
    pub fn payload_for(reason: Reason, words: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::payload(words);
        error.reason = Some(reason);
        error
    }

    #[must_use]
    pub fn weak_password(weakness: Weakness) -> Self {
        Self::of_chosen(Code::WeakPassword, Reason::Weak(weakness))
    }

    #[must_use]
    pub fn same_password() -> Self {
        Self::of_chosen(Code::InvalidPayload, Reason::SameAsPresent)
    }

    /// By the name that most faces have for it.
    fn of_chosen(code: Code, reason: Reason) -> Self {
        let mut error = Self::new(code, "");
        error.reason = Some(reason);
        error.naming_chosen("password")
    }

    /// Where it is about the password that was chosen: by the name that the face has for that.
    #[must_use]
    pub fn naming_chosen(mut self, field: &str) -> Self {
        let words = self.reason.as_ref();
        if let Some(words) = words.and_then(|reason| reason.of_chosen(field)) {
            self.message = words.into();
        }
        self
    }

    /// The same words for everything that can be wrong with credentials (threat E1).
    #[must_use]
    pub fn credentials() -> Self {
        Self::new(Code::InvalidCredentials, "Invalid user credentials.")
    }

    #[must_use]
    pub fn no_such_account() -> Self {
        Self::new(
            Code::NotFound,
            "There is no such account, or it is not yours.",
        )
    }

    /// A signed-in caller typed a password that is not theirs: nothing is wrong with the
    /// token, so no client should ask for another (RFC 9110 section 15.5.2).
    #[must_use]
    pub fn wrong_password() -> Self {
        let message = "That is not your present password.";
        Self::new(Code::WrongPassword, message)
    }

    #[must_use]
    pub fn token() -> Self {
        Self::new(Code::InvalidToken, "Invalid token.")
    }

    #[must_use]
    pub fn expired() -> Self {
        Self::new(Code::TokenExpired, "Token expired.")
    }

    /// The token's holder must show again, or better, who they are (RFC 9470).
    #[must_use]
    pub fn step_up(wanted: Wanted) -> Self {
        let mut error = Self::new(Code::StepUpRequired, wanted.words());
        error.step_up = Some(wanted);
        error
    }

    /// A role or an organization asks for a second factor, by now, and the session has none.
    #[must_use]
    pub fn no_factor() -> Self {
        let message = "A role or an organization of yours asks for a second factor, and this \
                       session has none. POST /auth/mfa/totp begins one; POST /auth/step-up shows \
                       one that is switched on. Until then the token opens nothing else.";
        let mut error = Self::new(Code::StepUpRequired, message);
        error.step_up = Some(Wanted::second_factor());
        error
    }

    /// The same words for a code that was used, replaced, is over or never was.
    #[must_use]
    pub fn one_time_code() -> Self {
        let message = "This code is not good, or not any more: it works once, until a newer one \
                       is mailed, and for a limited time. Ask for another one.";
        Self::new(Code::InvalidCode, message)
    }

    /// An API key came, and this is a person's own affair.
    #[must_use]
    pub fn for_persons() -> Self {
        Self::forbidden(
            "This is for a person who signed in: an API key does not open it. Send an access token.",
        )
    }

    #[must_use]
    pub fn forbidden(message: &'static str) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// Too many requests or guesses: asking again helps after so many seconds.
    #[must_use]
    pub fn wait(code: Code, message: &'static str, seconds: u32) -> Self {
        let mut error = Self::new(code, message);
        error.retry_after = Some(seconds);
        error
    }

    /// As often as may be within an hour.
    #[must_use]
    pub fn quota(message: &'static str) -> Self {
        Self::wait(Code::RequestsExceeded, message, 3600)
    }

    /// Whether the service could not answer, and the caller is told nothing of what they sent.
    #[must_use]
    pub const fn is_of_service(&self) -> bool {
        matches!(self.code, Code::ServiceUnavailable | Code::Defect)
    }

    /// Overload, or a database that is away: nothing was done.
    #[must_use]
    pub fn busy(cause: impl Into<String>) -> Self {
        let mut error = Self::new(Code::ServiceUnavailable, "Service unavailable, try again.");
        error.retry_after = Some(1);
        error.cause = Some(cause.into());
        error
    }

    /// The service itself is wrong, and asking again does not help: nothing was done.
    #[must_use]
    pub fn defect(cause: impl Into<String>) -> Self {
        let message =
            "Something is wrong with this service. Its operator finds the cause in the log.";
        let mut error = Self::new(Code::Defect, message);
        error.cause = Some(cause.into());
        error
    }

    /// The password was changed while it was compared. Acts that compare one look again, or
    /// refuse; a caller hardly ever sees it.
    #[must_use]
    pub fn overtaken() -> Self {
        let mut error = Self::busy("a password was changed while it was compared");
        error.overtaken = true;
        error
    }

    #[must_use]
    pub const fn is_overtaken(&self) -> bool {
        self.overtaken
    }

    /// Where one's own password was to be proven: what was typed is not it any more.
    #[must_use]
    pub fn or_wrong_password(self) -> Self {
        if self.overtaken {
            Self::wrong_password()
        } else {
            self
        }
    }
}

const UNACKNOWLEDGED: &str =
    "Service unavailable. It may have been done all the same: look before you try again.";

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        let transient = store::Transient::is_transient(&error);
        let mut error = match &error {
            _ if error.is_defect() => Self::defect(error.to_string()),
            store::Error::Unacknowledged(_) => Self {
                message: UNACKNOWLEDGED.into(),
                ..Self::busy(error.to_string())
            },
            _ => Self::busy(error.to_string()),
        };
        error.transient = transient;
        error
    }
}

impl From<NoMemory> for Error {
    fn from(NoMemory: NoMemory) -> Self {
        Self::busy("there is no memory for a hash")
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
