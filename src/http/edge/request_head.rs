//! What must hold of the head of every request, whatever it asks for.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};

use crate::http::error_response::{Http, Refusal};
use crate::service::Error;

/// The most bytes of all headers but Authorization, which has a limit of its own.
const HEADERS: usize = 16 * 1024;
const URI: usize = 8 * 1024;

pub(super) fn check(request: &ServiceRequest) -> Result<(), Refusal> {
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
