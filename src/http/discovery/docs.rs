//! `/docs`: the interface to read and to try, from inside the binary. The viewer is
//! `RapiDoc` 9.3.8 (npm package `rapidoc`, MIT, see the licence beside it), as published;
//! with its fonts switched off it asks no other host for anything.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};

const PAGE: &str = include_str!("../../../assets/rapidoc/index.html");
const VIEWER: &str = include_str!("../../../assets/rapidoc/rapidoc-min.js");

/// Only this origin's scripts and answers; the viewer writes styles into its elements.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// `GET /docs`.
pub async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(PAGE)
}

/// `GET /docs/rapidoc.js`.
pub async fn viewer() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .body(VIEWER)
}
