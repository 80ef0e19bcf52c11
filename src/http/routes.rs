//! The route table, as data: the server mounts it, `keyward routes` prints it, and
//! tests compare it with `openapi.yaml` and walk it for guards. A dialect that is
//! switched off is a group that is skipped.

use std::collections::BTreeMap;

use actix_web::dev::{HttpServiceFactory, ServiceRequest};
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::{HttpRequest, HttpResponse, Route, guard, web};

use crate::config::Dialect;
use crate::http::dialect::keyward::{second_factor, sessions};
use crate::http::dialect::{VERIFY, directus, hypi, keyward, oisp, refuse_at};
use crate::http::discovery::{docs, jwks};
use crate::http::ops::{health, test_mode};
use crate::http::request::settings::Web;
use crate::http::sidecar::verify;
use crate::service::{Code, Error};

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Anybody. What is needed stands in the body, the query or a cookie.
    Public,
    /// The holder of a live access token.
    SignedIn,
}

impl Guard {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::SignedIn => "signed-in",
        }
    }
}

pub struct Row {
    /// `ANY` is every method.
    pub method: &'static str,
    pub path: &'static str,
    pub guard: Guard,
    handler: fn() -> Route,
}

pub struct Group {
    pub name: &'static str,
    /// Switched by `KEYWARD_DIALECTS`; `None` is always on.
    pub dialect: Option<Dialect>,
    /// Only there in test mode.
    pub test_mode: bool,
    pub rows: &'static [Row],
}

macro_rules! row {
    ($method:ident $path:literal $guard:ident $handler:path) => {
        Row {
            method: stringify!($method),
            path: $path,
            guard: Guard::$guard,
            handler: || web::to($handler),
        }
    };
}

pub static TABLE: &[Group] = &[
    Group {
        name: "directus",
        dialect: Some(Dialect::Directus),
        test_mode: false,
        rows: &[
            row!(GET "/auth" Public directus::providers),
            row!(GET "/server/ping" Public directus::ping),
            row!(GET "/users/me" SignedIn directus::users_me),
            row!(POST "/users/me/tfa/generate" SignedIn second_factor::tfa_generate),
            row!(POST "/users/me/tfa/enable" SignedIn second_factor::tfa_enable),
            row!(POST "/users/me/tfa/disable" SignedIn second_factor::tfa_disable),
        ],
    },
    Group {
        name: "oisp",
        dialect: Some(Dialect::Oisp),
        test_mode: false,
        rows: &[
            row!(POST "/v1/api/auth/token" Public oisp::token),
            row!(GET "/v1/api/auth/tokenInfo" SignedIn oisp::token_info),
            row!(GET "/v1/api/auth/me" SignedIn oisp::me),
            row!(PUT "/v1/api/auth/me" SignedIn oisp::renew),
            row!(DELETE "/v1/api/auth/me" SignedIn oisp::sign_out),
            row!(POST "/v1/api/auth/refresh" SignedIn oisp::refresh_token),
            row!(PUT "/v1/api/auth/refresh" Public oisp::refresh_both),
            row!(GET "/v1/api/health" Public oisp::health),
        ],
    },
    Group {
        name: "hypi",
        dialect: Some(Dialect::Hypi),
        test_mode: false,
        rows: &[
            row!(GET "/auth/token" Public hypi::token),
            row!(POST "/auth/token" Public hypi::token),
        ],
    },
    Group {
        name: "keyward",
        dialect: None,
        test_mode: false,
        rows: &[
            row!(POST "/auth/login" Public directus::login),
            row!(POST "/auth/refresh" Public directus::refresh),
            row!(POST "/auth/logout" Public directus::logout),
            row!(GET "/auth/me" SignedIn keyward::me),
            row!(GET "/auth/sessions" SignedIn sessions::list),
            row!(DELETE "/auth/sessions" SignedIn sessions::end_others),
            row!(DELETE "/auth/sessions/{id}" SignedIn sessions::end),
            row!(POST "/auth/password/change" SignedIn keyward::change),
            row!(POST "/auth/mfa/totp" SignedIn second_factor::begin),
            row!(DELETE "/auth/mfa/totp" SignedIn second_factor::remove),
            row!(POST "/auth/mfa/totp/confirm" SignedIn second_factor::confirm),
            row!(POST "/auth/mfa/recovery-codes" SignedIn second_factor::recovery_codes),
            row!(ANY "/auth/verify" SignedIn verify::verify),
            row!(GET "/.well-known/jwks.json" Public jwks::jwks),
            row!(GET "/health/live" Public health::live),
            row!(GET "/health/ready" Public health::ready),
            row!(GET "/openapi.yaml" Public jwks::openapi),
            row!(GET "/docs" Public docs::page),
            row!(GET "/docs/rapidoc.js" Public docs::viewer),
        ],
    },
    Group {
        name: "test mode",
        dialect: None,
        test_mode: true,
        rows: &[
            row!(GET "/test/clock" Public test_mode::clock),
            row!(POST "/test/clock" Public test_mode::advance),
        ],
    },
];

impl Group {
    fn is_on(&self, web: &Web) -> bool {
        self.dialect
            .is_none_or(|dialect| web.dialects.contains(&dialect))
            && (!self.test_mode || web.test_mode)
    }
}

/// Mounts every group that is on.
pub(in crate::http) fn mount(config: &mut web::ServiceConfig, web: &Web) {
    let mut paths: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in TABLE
        .iter()
        .filter(|group| group.is_on(web))
        .flat_map(|group| group.rows)
    {
        paths.entry(row.path).or_default().push(row);
    }
    for (path, rows) in paths {
        config.service(resource(path, &rows));
    }
    config.default_service(web::to(no_such_route));
}

/// The exchange spends something by GET, so a HEAD of it, which clients and caches send
/// lightly, is refused (threat X15).
const EXCHANGE: &str = "/auth/token";

fn resource(path: &'static str, rows: &[&Row]) -> impl HttpServiceFactory + 'static {
    let mut resource = web::resource(path);
    let mut allowed: Vec<&str> = Vec::new();
    for row in rows {
        let route = (row.handler)();
        let route = match row.method {
            "ANY" => route,
            "GET" if path != EXCHANGE => {
                allowed.push("HEAD");
                route.guard(guard::Any(guard::Get()).or(guard::Head()))
            }
            method => route.method(Method::from_bytes(method.as_bytes()).unwrap_or_default()),
        };
        allowed.push(row.method);
        resource = resource.route(route);
    }
    let allow = allowed.join(", ");
    resource.default_service(web::to(move |request: HttpRequest| {
        let error = Error::new(Code::MethodNotAllowed, "That method is not allowed here.");
        let mut response = refuse_at(request.match_info().as_str(), &error);
        if let Ok(value) = allow.parse() {
            response.headers_mut().insert(ALLOW, value);
        }
        std::future::ready(response)
    }))
}

async fn no_such_route(request: HttpRequest) -> HttpResponse {
    let path: String = request.uri().path().chars().take(256).collect();
    refuse_at(
        request.match_info().as_str(),
        &Error::new(Code::RouteNotFound, format!("Route {path} doesn't exist.")),
    )
}

/// The path as routes are compared with it: without the percent signs of letters that need
/// none. Whatever is decided by a path goes by this, or another spelling would escape it.
pub(in crate::http) fn path(request: &ServiceRequest) -> &str {
    request.match_info().as_str()
}

/// Whether it is a mere question, which changes nothing: too common to be worth a line
/// of log, and too cheap to be counted.
pub(in crate::http) fn is_frequent(request: &ServiceRequest) -> bool {
    let asks = matches!(*request.method(), Method::GET | Method::HEAD);
    (asks && path(request) != EXCHANGE) || path(request) == VERIFY
}
