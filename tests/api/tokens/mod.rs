//! Access tokens: what is believed, and where they may stand.

pub mod access_token;
mod query_tokens;
