//! How Propeller says no: what its identity provider said, inside what GraphQL says.

use serde_json::{Value, json};

use crate::http::graphql::refusal_words::{Spot, plain};
use crate::service::{Code, Error};

/// The document's error body (row P-28), with Keyward's own code in `extensions.code`.
pub(super) fn say(error: &Error, spot: &Spot) -> (String, Value) {
    let (message, mut extensions) = plain(error, spot);
    extensions["serviceName"] = json!("Auth");
    extensions["exception"] = json!({
        "errorInfo": { "code": code(error.code), "message": message },
        "codePrefix": "auth",
        "message": message,
        "locations": [{ "line": spot.line, "column": spot.column }],
        "path": spot.path,
    });
    (message, extensions)
}

/// The same for a link of an address that nobody has, to the letter.
pub(super) fn say_of_link(error: &Error, spot: &Spot) -> (String, Value) {
    let (message, mut extensions) = say(error, spot);
    if error.code == Code::NotFound {
        extensions["code"] = json!("INTERNAL_SERVER_ERROR");
        extensions["exception"]["errorInfo"]["code"] = json!("auth/email-not-found");
    }
    (message, extensions)
}

/// In the words of the identity provider that seed P names.
const fn code(code: Code) -> &'static str {
    match code {
        Code::InvalidPayload => "auth/invalid-argument",
        Code::WeakPassword => "auth/weak-password",
        Code::InvalidCredentials | Code::EmailNotVerified => "auth/invalid-credential",
        Code::InvalidOtp => "auth/multi-factor-auth-required",
        Code::WrongPassword => "auth/wrong-password",
        Code::WrongOtp => "auth/invalid-verification-code",
        Code::InvalidToken => "auth/invalid-id-token",
        Code::TokenExpired => "auth/id-token-expired",
        Code::StepUpRequired => "auth/requires-recent-login",
        Code::InvalidCode => "auth/invalid-action-code",
        Code::Forbidden => "auth/insufficient-permission",
        Code::NotFound => "auth/user-not-found",
        Code::Conflict => "auth/email-already-exists",
        Code::RequestsExceeded | Code::AttemptsExceeded => "auth/too-many-requests",
        Code::ServiceUnavailable | Code::Defect => "auth/internal-error",
    }
}
