//! How Haltian says no.

use serde_json::{Value, json};

use crate::http::graphql::refusal_words::{Spot, plain};
use crate::service::{Code, Error};

/// Whoever must sign in (again) is told so by one code (row H-25); a bad token and one that
/// has ended keep theirs (row H-42).
#[must_use]
pub fn say(error: &Error, spot: &Spot) -> (String, Value) {
    let (message, mut extensions) = plain(error, spot);
    if matches!(
        error.code,
        Code::InvalidCredentials | Code::EmailNotVerified
    ) {
        extensions["code"] = json!("UNAUTHENTICATED");
    }
    (message, extensions)
}
