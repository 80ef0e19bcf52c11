//! `Connection: close`: what a client sends after that is none of its requests any more
//! (RFC 9112 section 9.6). actix reads requests ahead and answers all that it has read, but
//! takes up no other one once it was told to stop; so it is told, for one connection.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use actix_web::dev::ServiceRequest;
use actix_web::http::Version;
use actix_web::http::header::CONNECTION;

use crate::http::peers::connection_deadlines::Coming;

/// Whether a client of a connection said that it sends no other request.
#[derive(Clone, Default)]
pub struct LastRequest(Rc<Cell<bool>>);

/// That of the connection which is opened now, and whether a request comes over it, on their way
/// from where the connection is seen to where the signal to stop is made.
#[derive(Clone, Default)]
pub struct Opened(Rc<RefCell<(LastRequest, Coming)>>);

impl Opened {
    pub fn begin(&self, coming: Coming) -> LastRequest {
        let last = LastRequest::default();
        self.0.replace((last.clone(), coming));
        last
    }

    pub fn take(&self) -> (LastRequest, Coming) {
        self.0.take()
    }
}

impl LastRequest {
    /// Ends when the client has said so. Whoever says it wakes the connection's task.
    pub async fn was_said(self) {
        poll_fn(|_| {
            if self.0.get() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// Looks whether this is the last request of its connection.
pub async fn look_at(request: &ServiceRequest) {
    if !says_so(request) {
        return;
    }
    if let Some(last) = request.conn_data::<LastRequest>() {
        last.0.set(true);
        // Only between two polls the connection asks whether it should stop.
        tokio::task::yield_now().await;
    }
}

fn says_so(request: &ServiceRequest) -> bool {
    let has = |wanted: &[u8]| {
        let options = request.headers().get_all(CONNECTION);
        let mut options = options.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        options.any(|option| option.trim_ascii().eq_ignore_ascii_case(wanted))
    };
    has(b"close") || (request.version() < Version::HTTP_11 && !has(b"keep-alive"))
}
