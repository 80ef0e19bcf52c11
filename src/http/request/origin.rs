//! Which pages may use the refresh cookie (semantics 3), and what other origins are
//! told. Browsers say where a request comes from (`Origin`, `Sec-Fetch-Site`); both,
//! where present, must be ours or on the list. Neither: no browser (decision 16).

use crate::config::origin::canonical;
use crate::http::request::settings::Web;
use crate::service::{Error, Result};
use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderValue, ORIGIN};

/// # Errors
/// `FORBIDDEN` for a request that a page of another site made.
pub fn require_ours(request: &HttpRequest, web: &Web) -> Result<()> {
    let refuse = || {
        Err(Error::forbidden(
            "This origin may not use the refresh cookie.",
        ))
    };
    let headers = request.headers();
    let listed = match headers.get(ORIGIN) {
        Some(origin) if allowed(origin, web).is_none() => return refuse(),
        Some(_) => true,
        None => false,
    };
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None | Some(b"same-origin") => Ok(()),
        // A listed origin on another site; its Origin header was found on the list.
        Some(b"same-site" | b"cross-site") if listed => Ok(()),
        Some(_) => refuse(),
    }
}

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
