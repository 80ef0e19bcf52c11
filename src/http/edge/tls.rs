//! Whether a request came over TLS, where the operator wants no other (row H-40). Keyward
//! speaks plain HTTP itself: it goes by what a trusted proxy says.

use actix_web::dev::ServiceRequest;

use crate::http::error_response::{Http, Refusal};
use crate::http::mount;
use crate::http::peers::client_address::{is_trusted, unmapped};
use crate::http::request::web_policy::Web;

/// Questions of a supervisor, who asks the process and not the proxy. They carry no secret.
const FOR_SUPERVISORS: &str = "/health/";

pub(super) fn check(request: &ServiceRequest, web: &Web) -> Result<(), Refusal> {
    if !web.require_https || mount::path(request).starts_with(FOR_SUPERVISORS) {
        return Ok(());
    }
    let peer = request.peer_addr().map(|peer| unmapped(peer.ip()));
    let believed = peer.is_some_and(|peer| is_trusted(peer, &web.trusted_proxies));
    if believed && last_scheme(request).is_some_and(|it| it.eq_ignore_ascii_case(b"https")) {
        return Ok(());
    }
    Err(Refusal::http(
        Http::HttpsRequired,
        format!(
            "Plain http is refused here. Ask {} by https.",
            web.public_url
        ),
    ))
}

/// What the nearest proxy said, which stands to the right of what the client may have said.
fn last_scheme(request: &ServiceRequest) -> Option<&[u8]> {
    let said = request.headers().get_all("x-forwarded-proto").last()?;
    let last = said.as_bytes().rsplit(|byte| *byte == b',').next()?;
    Some(last.trim_ascii())
}
