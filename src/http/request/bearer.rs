//! Who calls: an access token from `Authorization: Bearer` or `?access_token=`, one of
//! them, once (RFC 6750 section 2; rows D-05 to D-08).

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use url::form_urlencoded;

use crate::service::{Code, Error, Result};
use crate::support::secret::SecretString;

/// What the access token is called in a query (RFC 6750 section 2.3).
pub const QUERY_MEMBER: &str = "access_token";

const BOTH: &str = "The request uses more than one method for including an access token";

/// The access token; `None` where there is none (also for another scheme). `bare`: the header may be
/// set to the token itself, as Hypi's clients do on every call.
///
/// # Errors
/// `INVALID_PAYLOAD` where there is more than one.
pub fn access_token(
    request: &HttpRequest,
    query_tokens: bool,
    bare: bool,
) -> Result<Option<SecretString>> {
    let header = authorization(request)?;
    let query = if query_tokens {
        parameter(request, QUERY_MEMBER)?
    } else {
        None
    };
    let alone = header.filter(|text| bare && has_form_of_jwt(text));
    one_of(header, header.and_then(bearer).or(alone), query)
}

/// Three parts of base64url: what is one word of another kind is no token of ours.
fn has_form_of_jwt(text: &str) -> bool {
    let is_part = |part: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !part.is_empty() && part.bytes().all(fits)
    };
    text.split('.').count() == 3 && text.split('.').all(is_part)
}

/// The key in a header of its own.
///
/// # Errors
/// `INVALID_PAYLOAD` where there are two.
pub fn key_in(request: &HttpRequest, header: &'static str) -> Result<Option<SecretString>> {
    let mut keys = request.headers().get_all(header);
    let Some(first) = keys.next() else {
        return Ok(None);
    };
    if keys.next().is_some() {
        return Err(Error::payload(format!(
            "The header \"{header}\" may be given once"
        )));
    }
    let key = first.to_str().unwrap_or("?").trim();
    // An empty one holds nothing: clients send it where they have no key.
    Ok((!key.is_empty()).then(|| key.into()))
}

/// The token for the exchange (rows Y-30, Y-31, Y-40): `?token=`, or the Authorization
/// header, with `Bearer` or set to the token itself.
///
/// # Errors
/// `INVALID_PAYLOAD` where there is more than one.
pub fn exchange_token(request: &HttpRequest) -> Result<Option<SecretString>> {
    let header = authorization(request)?;
    let token = header.and_then(|text| {
        let raw = !text.contains(' ');
        if raw { Some(text) } else { bearer(text) }
    });
    if token.is_some_and(|token| token.contains(',')) {
        return Err(Error::payload(BOTH));
    }
    one_of(header, token, parameter(request, "token")?)
}

/// What is said where there is no token, in words for who forgot the header or wrote
/// another scheme. The code is the one of the original.
#[must_use]
pub fn missing(request: &HttpRequest) -> Error {
    let message = if request.headers().contains_key(AUTHORIZATION) {
        "No access token was found: the Authorization header is not of the form \"Bearer TOKEN\"."
    } else {
        "No access token was found: send it in the header \"Authorization: Bearer TOKEN\"."
    };
    Error::new(Code::InvalidCredentials, message)
}

/// The token of the header or of the query. A `Bearer` header whose token can not be read
/// is a method too (Q3): another reader before or behind may make more of it.
fn one_of(
    header: Option<&str>,
    token: Option<&str>,
    query: Option<SecretString>,
) -> Result<Option<SecretString>> {
    match (token, query) {
        (Some(_), Some(_)) => Err(Error::payload(BOTH)),
        (None, Some(_)) if header.is_some_and(is_bearer) => Err(Error::payload(BOTH)),
        (Some(token), None) => Ok(Some(token.into())),
        (None, query) => Ok(query),
    }
}

fn is_bearer(text: &str) -> bool {
    let scheme = text.trim_start().split([' ', '\t']).next();
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"))
}

/// The one Authorization header, where it is text. A comma parts two credentials where one
/// of them is of the scheme Bearer; in other schemes it is grammar (Digest, OAuth, AWS4).
fn authorization(request: &HttpRequest) -> Result<Option<&str>> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(first) = headers.next() else {
        return Ok(None);
    };
    // A token has eight hundred letters: they are looked at by the word, not one by one.
    let text = std::str::from_utf8(first.as_bytes()).unwrap_or("");
    let text = if text.is_ascii() { text } else { "" };
    let two = text.contains(',') && text.split(',').any(is_bearer);
    if headers.next().is_some() || two {
        return Err(Error::payload(BOTH));
    }
    // An empty one holds nothing: clients send it where they have no token.
    Ok((!first.is_empty()).then_some(text))
}

/// `Bearer TOKEN`, the scheme in any letter case, one space or more (RFC 6750 section 2.1,
/// RFC 9110 section 11.4: `1*SP`).
fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let is_blank = |byte| byte == b' ' || byte == b'\t';
    let blank = token
        .bytes()
        .fold(false, |seen, byte| seen | is_blank(byte));
    let right = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !blank;
    right.then_some(token)
}

/// A query parameter with a secret in it.
fn parameter(request: &HttpRequest, name: &str) -> Result<Option<SecretString>> {
    let query = request.query_string();
    if !query.contains(name) && !query.contains('%') {
        return Ok(None);
    }
    let mut found = None;
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        let array = key
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('['));
        if array || (key == name && found.is_some()) {
            return Err(Error::payload(format!("\"{name}\" may be given once")));
        }
        if key == name {
            found = Some(value.into_owned());
        }
    }
    Ok(found
        .filter(|value| !value.is_empty())
        .map(SecretString::from))
}
