//! Doors to what reads strangers' words, for tests that throw anything at it.

use std::borrow::Cow;

use actix_web::http::header::{HeaderMap, HeaderValue};
use actix_web::test::TestRequest;

use crate::http::dialect::propeller;
use crate::http::graphql;
use crate::http::peers::client_address;
use crate::http::request::fields::Fields;

/// The client's address of a request from `peer`, which is trusted, with this header.
#[must_use]
pub fn client_address(peer: &str, forwarded: HeaderValue) -> Option<String> {
    let request = TestRequest::default()
        .peer_addr(format!("{peer}:1").parse().ok()?)
        .insert_header(("x-forwarded-for", forwarded))
        .to_http_request();
    let trusted = [format!("{peer}/8").parse().ok()?];
    client_address::of(&request, &trusted).map(|(address, _)| address.to_string())
}

/// Whether these bytes are taken as a body.
#[must_use]
pub fn reads_body(headers: &HeaderMap, body: &[u8]) -> bool {
    Fields::parse(headers, body).is_ok()
}

/// A document of `/graphql`, as the library reads it.
#[must_use]
pub fn tightened(document: &str) -> Cow<'_, str> {
    graphql::tightened(document, propeller::graphql::LOOSE)
}
