//! Around every request: what must hold of its head, the headers that every answer
//! carries, what other origins may read, and one line of log. Nothing of a query, a
//! body, a cookie or an Authorization header is ever logged (docs/LOGGING.md).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    self, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY,
};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, web};

use crate::http::answer::{Http, Refusal};
use crate::http::edge::unread_body;
use crate::http::peers::client_address;
use crate::http::request::origin;
use crate::http::request::settings::Web;
use crate::http::routes::{self, refuse_at};
use crate::http::sidecar::verify;
use crate::service::Error;
use crate::support::entropy::Entropy;

/// The most bytes of all headers but Authorization, which has a limit of its own.
const HEADERS: usize = 16 * 1024;
const URI: usize = 8 * 1024;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub async fn shell(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<unread_body::Answer>, actix_web::Error> {
    let began = Instant::now();
    let id = request_id();
    let web = request.app_data::<web::Data<Web>>().cloned();
    let method = request.method().clone();
    let frequent = routes::is_frequent(&request);
    let asked = request.headers().get(ORIGIN).cloned();
    let public = origin::is_for_everybody(routes::path(&request));
    let unread = unread_body::hold(&mut request);

    let early = match web.as_deref() {
        None => None,
        Some(web) if is_preflight(&request) => Some(preflight(&request, web)),
        Some(web) => check(&request)
            .and_then(|()| {
                if frequent {
                    Ok(())
                } else {
                    throttle(&request, web)
                }
            })
            .err()
            .map(|error| refuse_at(routes::path(&request), &error)),
    };
    let mut response = match early {
        Some(response) => request
            .into_response(response)
            .map_body(|_, body| unread_body::Answer::new(body, unread)),
        None => next
            .call(request)
            .await?
            .map_body(|_, body| unread_body::Answer::new(body, unread)),
    };
    if let Some(web) = web.as_deref() {
        finish(response.headers_mut(), web, asked.as_ref(), public);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let level = if response.status().is_server_error() {
        log::Level::Warn
    } else if frequent && response.status().is_success() {
        log::Level::Debug
    } else {
        log::Level::Info
    };
    if log::log_enabled!(level) {
        let request = response.request();
        let address = web
            .as_deref()
            .and_then(|web| client_address::of(request, &web.trusted_proxies));
        log::log!(
            level,
            "{method} {:.128} {} {:.1}ms from {} request {id}",
            request.uri().path(),
            response.status().as_u16(),
            began.elapsed().as_secs_f64() * 1000.0,
            address.map_or_else(|| "-".to_owned(), |(address, _)| address.to_string()),
        );
    }
    Ok(response)
}

/// What must hold of every request's head.
fn check(request: &ServiceRequest) -> Result<(), Refusal> {
    let headers = request.headers();
    for name in [HOST, AUTHORIZATION, CONTENT_TYPE] {
        if headers.get_all(&name).nth(1).is_some() {
            return Err(Error::payload(format!("The header {name} was sent twice")).into());
        }
    }
    if let Some(authority) = request.uri().authority()
        && !headers.get(HOST).is_some_and(|host| {
            host.as_bytes()
                .eq_ignore_ascii_case(authority.as_str().as_bytes())
        })
    {
        return Err(Error::payload("The address names another host than the header").into());
    }
    let size: usize = headers
        .iter()
        .filter(|(name, _)| **name != AUTHORIZATION)
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if size > HEADERS {
        return Err(Refusal::http(
            Http::HeadersTooLarge,
            "The headers are larger than 16 KiB.",
        ));
    }
    if request.uri().path().len() + request.query_string().len() > URI {
        return Err(Refusal::http(
            Http::UriTooLong,
            "The address is longer than 8 KiB.",
        ));
    }
    Ok(())
}

/// A sidecar that asks for itself is not a client, and is not held up.
fn throttle(request: &ServiceRequest, web: &Web) -> Result<(), Refusal> {
    match client_address::of(request.request(), &web.trusted_proxies) {
        Some((address, false)) => Ok(web.throttle.admit(address)?),
        _ => Ok(()),
    }
}

/// At `/auth/verify` the question is a proxy's and its method the caller's: a 204 there
/// would be a yes to whoever sends these headers (threat F16).
fn is_preflight(request: &ServiceRequest) -> bool {
    request.method() == Method::OPTIONS
        && routes::path(request) != verify::PATH
        && request.headers().contains_key(ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Threats C13, C14: a listed origin is told what it may do, for ten minutes; another
/// is told nothing, but about what everybody may read.
fn preflight(request: &ServiceRequest, web: &Web) -> HttpResponse {
    let asked = request.headers().get(ORIGIN);
    let listed = asked.is_some_and(|value| origin::allowed(value, web).is_some());
    if !listed && !origin::is_for_everybody(routes::path(request)) {
        if let Some(asked) = asked {
            web.unlisted.tell(asked);
        }
        return refuse_at(
            routes::path(request),
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

fn finish(headers: &mut HeaderMap, web: &Web, asked: Option<&HeaderValue>, public: bool) {
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
    // Also where no origin asked: an answer from a cache must not lack what follows.
    headers.append(VARY, fixed("Origin"));
    let listed = asked.and_then(|asked| origin::allowed(asked, web));
    if let Some(value) = listed.and_then(|text| text.parse().ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, fixed("true"));
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            fixed("retry-after, x-keyward-refresh, x-request-id"),
        );
    } else if public {
        // Without credentials: what everybody may read is the same for everybody.
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, fixed("*"));
    }
}

/// Unlike any other of this process and, most likely, of any other process.
fn request_id() -> String {
    static START: OnceLock<u32> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let start = START.get_or_init(|| u32::from_be_bytes(Entropy::system().bytes()));
    format!("{start:08x}-{:x}", NEXT.fetch_add(1, Ordering::Relaxed))
}
