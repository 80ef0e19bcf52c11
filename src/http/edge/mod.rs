//! Around every request: before its handler and after its answer.

mod access_line;
mod cors;
mod headers;
pub(in crate::http) mod middleware;
mod request_head;
mod request_id;
mod tls;
pub(in crate::http) mod unread_body;
