//! The members of a query.

use std::str::FromStr;

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::http::request::bearer::QUERY_MEMBER;
use crate::http::request::call::Call;
use crate::http::request::fields::Fields;
use crate::http::request::strict_json::quoted;
use crate::service::{Error, Result};

/// Each a text, and there once. The access token may stand beside them.
///
/// # Errors
/// `INVALID_PAYLOAD` where one is not among `known`, or comes twice.
pub fn fields(call: &Call, known: &[&str]) -> Result<Fields> {
    let mut members = Map::new();
    for (name, value) in form_urlencoded::parse(call.query().as_bytes()) {
        if name == QUERY_MEMBER {
            continue;
        }
        if !known.contains(&name.as_ref()) {
            return Err(Error::payload(format!(
                "{} is not a member of this query, which may have {}",
                quoted(&name),
                known.join(", ")
            )));
        }
        let value = Value::String(value.into_owned());
        if members.insert(name.clone().into_owned(), value).is_some() {
            return Err(Error::payload(format!(
                "{} stands twice in the query",
                quoted(&name)
            )));
        }
    }
    Ok(Fields::from(members))
}

/// A number is digits, and nothing else: no sign, which a form writes as a space besides.
#[must_use]
pub fn number<T: FromStr>(text: &str) -> Option<T> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}
