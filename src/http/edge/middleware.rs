//! The frame around every request: what is decided before its handler is asked, and what
//! every answer gets. What is decided stands in the files beside this one.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderValue, ORIGIN};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, web};

use crate::http::edge::access_line::Asked;
use crate::http::edge::{cors, headers, request_head, request_id, tls, unread_body};
use crate::http::error_response::Refusal;
use crate::http::mount::{self, refuse_at};
use crate::http::peers::connection_deadlines::InHand;
use crate::http::peers::{client_address, last_request};
use crate::http::request::origin;
use crate::http::request::web_policy::Web;

pub async fn shell(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<unread_body::Answer>, actix_web::Error> {
    let web = request.app_data::<web::Data<Web>>().cloned();
    let mut asked = Asked::new(&request, request_id::next(), web.as_ref());
    let web = web.as_ref().map(web::Data::get_ref);
    // actix ends a connection whose client asked for another protocol, and does not say so.
    let ends = request.head().upgrade();
    let _held = request.conn_data::<InHand>().map(InHand::hold);
    last_request::look_at(&request).await;
    let origin = request.headers().get(ORIGIN).cloned();
    let public = origin::is_for_everybody(mount::path(&request));
    let unread = unread_body::hold(&mut request);
    let early = web.and_then(|web| early(&request, web, asked.frequent));
    if let (Some(web), Some(response)) = (web, &early)
        && response.status() == StatusCode::TOO_MANY_REQUESTS
    {
        let address = client_address::of(request.request(), &web.trusted_proxies);
        web.refusals
            .pace(address.map(|(address, _)| address.into()))
            .await;
    }
    let answered = match early {
        Some(response) => Ok(request
            .into_response(response)
            .map_body(|_, body| unread_body::Answer::new(body, unread))),
        None => next
            .call(request)
            .await
            .map(|response| response.map_body(|_, body| unread_body::Answer::new(body, unread))),
    };
    asked.is_answered();
    let mut response = answered?;
    if let Some(web) = web {
        headers::finish(response.headers_mut(), web);
        cors::finish(response.headers_mut(), web, origin.as_ref(), public);
    }
    if let Ok(value) = HeaderValue::from_str(&asked.id) {
        response.headers_mut().insert(request_id::REQUEST_ID, value);
    }
    if ends {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    asked.write(&response, web);
    Ok(response)
}

/// The answer that needs no handler.
fn early(request: &ServiceRequest, web: &Web, frequent: bool) -> Option<HttpResponse> {
    web.unbelieved
        .look_at(request.request(), &web.trusted_proxies);
    if cors::is_preflight(request) {
        return Some(cors::preflight(request, web));
    }
    let admitted = request_head::check(request)
        .and_then(|()| tls::check(request, web))
        .and_then(|()| {
            if frequent {
                Ok(())
            } else {
                throttle(request, web)
            }
        });
    let error = admitted.err()?;
    Some(refuse_at(mount::path(request), &error))
}

/// A sidecar that asks for itself is not a client, and is not held up.
fn throttle(request: &ServiceRequest, web: &Web) -> Result<(), Refusal> {
    match client_address::of(request.request(), &web.trusted_proxies) {
        Some((address, false)) => Ok(web.throttle.admit(address.into())?),
        _ => Ok(()),
    }
}
