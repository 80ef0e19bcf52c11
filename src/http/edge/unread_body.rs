//! A body that nobody reads ends its connection (threats F18, H3). actix does so by itself
//! where the length was declared. A chunked body it drains for as long as the client sends, once
//! the payload is dropped. So the response keeps the payload.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage as _;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::web::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::poll_fn;

/// The body of an answer, and that of its request as far as it was not read.
pub struct Answer {
    body: BoxBody,
    _unread: Option<Unread>,
}

pub type Unread = Rc<RefCell<Payload>>;

/// The request's body stays readable as before. `None` where it has none.
pub fn hold(request: &mut ServiceRequest) -> Option<Unread> {
    let payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return None;
    }
    let held = Rc::new(RefCell::new(payload));
    let read = Rc::clone(&held);
    let stream = poll_fn(move |cx| read.borrow_mut().poll_next_unpin(cx));
    request.set_payload(Payload::Stream {
        payload: Box::pin(stream),
    });
    Some(held)
}

impl Answer {
    pub fn new(body: impl MessageBody + 'static, unread: Option<Unread>) -> Self {
        Self {
            body: body.boxed(),
            _unread: unread,
        }
    }
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(cx)
    }
}
