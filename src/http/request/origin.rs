//! Which pages may use the refresh cookie (semantics 3), and what other origins are
//! told. Browsers say where a request comes from: `Origin`, where present, must be ours or on
//! the list, and decides. Without it `Sec-Fetch-Site` must be `same-origin`. Neither: no browser
//! (decision 16).

use actix_web::HttpRequest;
use actix_web::http::header::{ACCESS_CONTROL_REQUEST_HEADERS, HeaderMap, HeaderValue, ORIGIN};

use crate::config::values::origin::canonical;
use crate::http::request::web_policy::Web;
use crate::service::{Error, Result};

/// `unlisted` is said to a page whose origin is not on the list.
///
/// # Errors
/// `FORBIDDEN` for a request that a page of another site made.
pub fn require_ours(request: &HttpRequest, web: &Web, unlisted: &'static str) -> Result<()> {
    let headers = request.headers();
    match headers.get(ORIGIN) {
        // Whatever site it is of: an extension is of none.
        Some(origin) if allowed(origin, web).is_some() => Ok(()),
        Some(origin) => {
            web.unlisted.tell(origin);
            Err(Error::forbidden(unlisted))
        }
        None => match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
            None | Some(b"same-origin") => Ok(()),
            Some(_) => Err(Error::forbidden(NO_ORIGIN)),
        },
    }
}

const NO_ORIGIN: &str = "A browser asks, and does not say for which page: Sec-Fetch-Site is not \
                         same-origin, and there is no Origin.";

/// Whether a browser sent this (decision 15).
#[must_use]
pub fn is_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN)
        || headers
            .keys()
            .any(|name| name.as_str().starts_with("sec-fetch-"))
}

/// The origin as it is written on the list, where it is on it. Compared in the one way to
/// write it: upper case in a host is no other host, and an app has a scheme of its own.
#[must_use]
pub fn allowed<'a>(origin: &HeaderValue, web: &'a Web) -> Option<&'a str> {
    let text = canonical(origin.to_str().ok()?)?;
    web.origins
        .iter()
        .find(|listed| **listed == text)
        .map(String::as_str)
}

/// Public documents: pages of every origin may read them, without credentials. A page that
/// verifies tokens by itself needs the keys.
#[must_use]
pub fn is_for_everybody(path: &str) -> bool {
    matches!(
        path,
        "/.well-known/jwks.json"
            | "/openapi.yaml"
            | "/health/live"
            | "/health/ready"
            | "/v1/api/health"
    )
}

/// So many of a page's headers are mirrored, and no longer names.
const MOST_HEADERS: usize = 32;
const LONGEST_HEADER: usize = 64;

/// Which headers a page may send: those of this interface, and whatever else it asks for
/// that is a header's name. Tracing adds headers of its own to every request, and a page
/// that holds the session may send what it likes.
#[must_use]
pub fn allowed_headers(headers: &HeaderMap) -> String {
    let mut allowed = vec!["authorization".to_owned(), "content-type".to_owned()];
    let asked = headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS);
    for name in asked.flat_map(|value| value.as_bytes().split(|b| *b == b',')) {
        let Some(name) = name_of_a_header(name.trim_ascii()) else {
            continue;
        };
        if allowed.len() < MOST_HEADERS && !allowed.contains(&name) {
            allowed.push(name);
        }
    }
    allowed.join(", ")
}

/// RFC 9110 section 5.6.2: a token, in lower case as browsers ask.
fn name_of_a_header(bytes: &[u8]) -> Option<String> {
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    let fits = (1..=LONGEST_HEADER).contains(&bytes.len()) && bytes.iter().all(is_token);
    let name = std::str::from_utf8(bytes).ok()?;
    fits.then(|| name.to_ascii_lowercase())
}
