//! One line of log for each request. Nothing of a query, a body, a cookie or an
//! Authorization header is ever logged (docs/LOGGING.md).

use std::net::IpAddr;
use std::time::Instant;

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::{HttpMessage as _, web};

use crate::http::mount;
use crate::http::peers::client_address;
use crate::http::request::call::Acted;
use crate::http::request::web_policy::Web;

/// The status of a request whose client was gone before it was answered, as nginx calls it.
const GONE: u16 = 499;

/// What is known of a request before it is answered.
pub(super) struct Asked {
    began: Instant,
    pub id: String,
    method: Method,
    pub frequent: bool,
    /// What there is to tell where nothing is left to answer to.
    unanswered: Option<Unanswered>,
}

struct Unanswered {
    path: String,
    from: Option<IpAddr>,
    web: web::Data<Web>,
}

impl Asked {
    pub(super) fn new(request: &ServiceRequest, id: String, web: Option<&web::Data<Web>>) -> Self {
        let frequent = mount::is_frequent(request);
        // Those change nothing, and their lines are for whoever looks for something.
        let told = web.filter(|_| !frequent && log::log_enabled!(log::Level::Info));
        Self {
            began: Instant::now(),
            id,
            method: request.method().clone(),
            frequent,
            unanswered: told.map(|web| Unanswered {
                path: request.path().to_owned(),
                from: client_address::of(request.request(), &web.trusted_proxies)
                    .map(|(address, _)| address),
                web: web.clone(),
            }),
        }
    }

    /// There is an answer, or an error that actix makes one of.
    pub(super) fn is_answered(&mut self) {
        self.unanswered = None;
    }

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

/// The client hung up, or was cut off: what it asked for may have been done all the same.
impl Drop for Asked {
    fn drop(&mut self) {
        let Some(Unanswered { path, from, web }) = self.unanswered.take() else {
            return;
        };
        if web.log_share.admit(from, GONE) {
            log::info!(
                "{:.16} {path:.128} {GONE} {:.1}ms from {} request {}",
                self.method.as_str(),
                self.began.elapsed().as_secs_f64() * 1000.0,
                from.map_or_else(|| "-".to_owned(), |address| address.to_string()),
                self.id,
            );
        }
    }
}
