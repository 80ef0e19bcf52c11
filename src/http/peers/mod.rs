//! Below HTTP: who is at the other end, and how many of them.

pub(in crate::http) mod client_address;
pub(in crate::http) mod connection_deadlines;
pub(in crate::http) mod connection_limit;
pub(in crate::http) mod last_request;
pub(in crate::http) mod log_share;
pub(in crate::http) mod rate_limit;
