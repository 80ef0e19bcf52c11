//! The headers that every answer carries.

use actix_web::http::header::{self, HeaderMap, HeaderValue};

use crate::http::request::web_policy::Web;

pub(super) fn finish(headers: &mut HeaderMap, web: &Web) {
    let fixed = |text: &'static str| HeaderValue::from_static(text);
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, fixed("no-store"));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(header::REFERRER_POLICY, fixed("no-referrer"));
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            fixed("default-src 'none'; frame-ancestors 'none'"),
        );
    }
    if web.public_url.scheme() == "https" {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, fixed("max-age=31536000"));
    }
}
