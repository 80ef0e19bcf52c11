//! How the refresh cookie is written and read: the only place that knows its name and attributes
//! (semantics 3). What the operator decides of it, `SameSite` too, is in `config/settings/cookies.rs`.
//! `__Host-` binds it to this host, TLS and the whole path; with a domain set, which
//! that prefix forbids, it is `__Secure-`.

use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HeaderValue};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};

use crate::config;
use crate::http::request::web_policy::Web;
use crate::service::tokens::mint::TokenSet;
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

/// What the request carries under the name of the refresh cookie, each value once. There
/// may be several: of two domains, of two deployments, or planted (threat C10).
#[must_use]
pub fn read(request: &HttpRequest, web: &Web) -> Vec<SecretString> {
    let values = values(request, name(web)).into_iter();
    values.map(SecretString::from).collect()
}

/// The values of the cookies of this name, without empty ones, in the order of their coming.
///
/// Names are compared as browsers compare them (RFC 6265 section 5.4): bytes, of which
/// only spaces and tabs around are taken away. A reader that takes away more, such as
/// Unicode's white space, would find `__Host-` in a name that no browser guards by it.
fn values(request: &HttpRequest, name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for header in request.headers().get_all(COOKIE) {
        for pair in header.as_bytes().split(|b| *b == b';') {
            let Some(equals) = pair.iter().position(|b| *b == b'=') else {
                continue;
            };
            if blanks_off(&pair[..equals]) != name.as_bytes() {
                continue;
            }
            let value = unquoted(blanks_off(&pair[equals + 1..]));
            // Another cookie beside ours may hold any bytes; ours holds ASCII.
            let Ok(value) = std::str::from_utf8(value) else {
                continue;
            };
            if !value.is_empty() && value.is_ascii() && !found.iter().any(|it| it == value) {
                found.push(value.to_owned());
            }
        }
    }
    found
}

fn blanks_off(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// RFC 6265 section 4.1.1: a value may stand in quotes, both or none.
fn unquoted(bytes: &[u8]) -> &[u8] {
    match bytes {
        [b'"', inside @ .., b'"'] => inside,
        _ => bytes,
    }
}

/// `Set-Cookie` with the mark of a browser that has signed in: its own budget of
/// attempts (semantics 4). Kept for a year.
#[must_use]
pub fn set_device(web: &Web, mark: &str) -> HeaderValue {
    render(web, device_name(web), mark.to_owned(), Duration::days(365))
}

/// The marks that the request carries, with spaces between them: whichever is right
/// counts, so that one planted beside ours takes nothing away.
#[must_use]
pub fn device(request: &HttpRequest, web: &Web) -> Option<String> {
    let marks = values(request, device_name(web));
    (!marks.is_empty()).then(|| marks.join(" "))
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

/// `Set-Cookie`s of a session that began in mode cookie: the refresh token, and the mark of the
/// browser where it was given one.
#[must_use]
pub fn of_session(web: &Web, tokens: &TokenSet, now: Timestamp) -> Vec<HeaderValue> {
    let token = set(web, &tokens.refresh, tokens.refresh_expires_at, now);
    let mark = tokens.device.iter().map(|mark| set_device(web, mark));
    std::iter::once(token).chain(mark).collect()
}

/// `Set-Cookie` that deletes it: the same attributes, no value, no time.
#[must_use]
pub fn clear(web: &Web) -> HeaderValue {
    render(web, name(web), String::new(), Duration::ZERO)
}

/// `Set-Cookie` that deletes the mark of the browser.
#[must_use]
pub fn clear_device(web: &Web) -> HeaderValue {
    render(web, device_name(web), String::new(), Duration::ZERO)
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
