//! What pages of other origins may read and send (threats C13, C14).

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue, ORIGIN, VARY};

use crate::http::mount::{self, refuse_at};
use crate::http::request::origin;
use crate::http::request::web_policy::Web;
use crate::http::sidecar::verify;
use crate::service::Error;

/// At `/auth/verify` the question is a proxy's and its method the caller's: a 204 there
/// would be a yes to whoever sends these headers (threat F16).
pub(super) fn is_preflight(request: &ServiceRequest) -> bool {
    request.method() == Method::OPTIONS
        && mount::path(request) != verify::PATH
        && request.headers().contains_key(ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Threats C13, C14: a listed origin is told what it may do, for ten minutes; another
/// is told nothing, but about what everybody may read.
pub(super) fn preflight(request: &ServiceRequest, web: &Web) -> HttpResponse {
    let asked = request.headers().get(ORIGIN);
    let listed = asked.is_some_and(|value| origin::allowed(value, web).is_some());
    if !listed && !origin::is_for_everybody(mount::path(request)) {
        if let Some(asked) = asked {
            web.unlisted.tell(asked);
        }
        return refuse_at(
            mount::path(request),
            &Error::forbidden("This origin is not on the list.").into(),
        );
    }
    HttpResponse::NoContent()
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_METHODS,
            "GET, POST, PUT, PATCH, DELETE",
        ))
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            origin::allowed_headers(request.headers()),
        ))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"))
        .finish()
}

/// On every answer: who may read it. `public`: everybody may.
pub(super) fn finish(
    headers: &mut HeaderMap,
    web: &Web,
    asked: Option<&HeaderValue>,
    public: bool,
) {
    let fixed = |text: &'static str| HeaderValue::from_static(text);
    // Also where no origin asked: an answer from a cache must not lack what follows.
    headers.append(VARY, fixed("Origin"));
    let listed = asked.and_then(|asked| origin::allowed(asked, web));
    if let Some(value) = listed.and_then(|text| text.parse().ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, fixed("true"));
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            fixed("location, retry-after, www-authenticate, x-keyward-refresh, x-request-id"),
        );
    } else if public {
        // Without credentials: what everybody may read is the same for everybody.
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, fixed("*"));
    }
}
