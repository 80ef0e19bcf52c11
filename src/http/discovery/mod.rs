//! What others read about this service.

pub(in crate::http) mod account_page;
pub(in crate::http) mod docs;
pub(in crate::http) mod jwks;
