//! Around every request: before its handler and after its answer.

pub(in crate::http) mod shell;
pub(in crate::http) mod unread_body;
