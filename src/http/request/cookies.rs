//! The refresh cookie: the only place that knows its name and attributes (semantics 3).
//! `__Host-` binds it to this host, TLS and the whole path; with a domain set, which
//! that prefix forbids, it is `__Secure-`.

use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HeaderValue};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};

use crate::config;
use crate::http::request::settings::Web;
use crate::service::{Error, Result};
use crate::support::clock::Timestamp;
use crate::support::secret::{ExposeSecret as _, SecretString};

const fn name(web: &Web) -> &'static str {
    if web.cookie_domain.is_some() {
        "__Secure-keyward_refresh"
    } else {
        "__Host-keyward_refresh"
    }
}

const fn device_name(web: &Web) -> &'static str {
    if web.cookie_domain.is_some() {
        "__Secure-keyward_device"
    } else {
        "__Host-keyward_device"
    }
}

/// The refresh token that the request carries as a cookie.
///
/// # Errors
/// `INVALID_PAYLOAD` where there are two of that name that differ: one of them was
/// planted (threat C10).
pub fn read(request: &HttpRequest, web: &Web) -> Result<Option<SecretString>> {
    let name = name(web);
    let mut found: Option<String> = None;
    for header in request.headers().get_all(COOKIE) {
        // Another cookie beside ours may hold any bytes.
        let text = String::from_utf8_lossy(header.as_bytes());
        for cookie in Cookie::split_parse(text.as_ref())
            .flatten()
            .filter(|cookie| cookie.name() == name)
        {
            match &found {
                Some(value) if value != cookie.value() => {
                    return Err(Error::payload(
                        "The refresh cookie was sent twice with different values",
                    ));
                }
                _ => found = Some(cookie.value().to_owned()),
            }
        }
    }
    Ok(found
        .filter(|value| !value.is_empty())
        .map(SecretString::from))
}

/// `Set-Cookie` with the mark of a browser that has signed in: its own budget of
/// attempts (semantics 4). Kept for a year.
#[must_use]
pub fn set_device(web: &Web, mark: &str) -> HeaderValue {
    render(web, device_name(web), mark.to_owned(), Duration::days(365))
}

/// The mark, where the request carries one.
#[must_use]
pub fn device(request: &HttpRequest, web: &Web) -> Option<String> {
    let name = device_name(web);
    request
        .headers()
        .get_all(COOKIE)
        .filter_map(|header| header.to_str().ok())
        .flat_map(Cookie::split_parse)
        .flatten()
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// `Set-Cookie` with this token, until `expires_at`.
#[must_use]
pub fn set(web: &Web, token: &SecretString, expires_at: Timestamp, now: Timestamp) -> HeaderValue {
    let seconds = expires_at.millis_since(now).max(0) / 1000;
    render(
        web,
        name(web),
        token.expose_secret().to_owned(),
        Duration::seconds(seconds),
    )
}

/// `Set-Cookie` that deletes it: the same attributes, no value, no time.
#[must_use]
pub fn clear(web: &Web) -> HeaderValue {
    render(web, name(web), String::new(), Duration::ZERO)
}

fn render(web: &Web, name: &'static str, value: String, max_age: Duration) -> HeaderValue {
    let same_site = match web.cookie_same_site {
        config::SameSite::Strict => SameSite::Strict,
        config::SameSite::Lax => SameSite::Lax,
        config::SameSite::None => SameSite::None,
    };
    let mut cookie = Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(same_site)
        .max_age(max_age)
        .build();
    if let Some(domain) = &web.cookie_domain {
        cookie.set_domain(domain.clone());
    }
    let mut value = HeaderValue::from_str(&cookie.to_string())
        .expect("a token of base64url and fixed attributes are header text");
    value.set_sensitive(true);
    value
}
