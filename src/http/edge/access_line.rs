//! One line of log for each request. Nothing of a query, a body, a cookie or an
//! Authorization header is ever logged (docs/LOGGING.md).

use std::time::Instant;

use actix_web::HttpMessage as _;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;

use crate::http::peers::client_address;
use crate::http::request::call::Acted;
use crate::http::request::settings::Web;

/// What is known of a request before it is answered.
pub(super) struct Asked {
    pub began: Instant,
    pub id: String,
    pub method: Method,
    pub frequent: bool,
}

impl Asked {
    pub(super) fn write<B>(&self, response: &ServiceResponse<B>, web: Option<&Web>) {
        let acted = response.request().extensions().get::<Acted>().map(|acted| {
            let Acted { by, account } = acted;
            format!(" actor {by} as {account}")
        });
        let level = if response.status().is_server_error() {
            log::Level::Warn
        } else if self.frequent && response.status().is_success() && acted.is_none() {
            log::Level::Debug
        } else {
            log::Level::Info
        };
        if !log::log_enabled!(level) {
            return;
        }
        let request = response.request();
        let address = web.and_then(|web| client_address::of(request, &web.trusted_proxies));
        let status = response.status();
        if let Some(web) = web {
            let whose = address.map(|(address, _)| address);
            if !status.is_client_error() && !status.is_server_error() {
                web.log_share.tell_of_before();
            } else if !web.log_share.admit(whose, status.as_u16()) {
                return;
            }
        }
        log::log!(
            level,
            "{:.16} {:.128} {} {:.1}ms from {} request {}{}",
            self.method.as_str(),
            request.uri().path(),
            status.as_u16(),
            self.began.elapsed().as_secs_f64() * 1000.0,
            address.map_or_else(|| "-".to_owned(), |(address, _)| address.to_string()),
            self.id,
            acted.unwrap_or_default(),
        );
    }
}
