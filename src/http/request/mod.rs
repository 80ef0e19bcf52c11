//! What a handler may ask of a request.

pub(in crate::http) mod accepted;
pub(in crate::http) mod bearer;
mod body;
pub(in crate::http) mod call;
pub(in crate::http) mod cookie_headers;
pub(in crate::http) mod delete_own_account;
pub(in crate::http) mod fields;
pub(in crate::http) mod mail_wishes;
pub(in crate::http) mod origin;
mod path;
pub(in crate::http) mod profile_fields;
pub(in crate::http) mod query;
pub(in crate::http) mod seat_on_demand;
pub(in crate::http) mod sign_out;
pub(in crate::http) mod strict_json;
pub(in crate::http) mod unlisted_origin;
pub(in crate::http) mod wanted_organization;
pub(in crate::http) mod web_policy;
