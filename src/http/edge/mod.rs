//! Around every request: before its handler and after its answer.

mod access_line;
mod cors;
mod head;
mod headers;
mod request_id;
pub(in crate::http) mod shell;
mod tls;
pub(in crate::http) mod unread_body;
