//! What needs keys or hashes: password records, refresh tokens, session ids, signed
//! tokens and sealed boxes. It knows no database and no HTTP; keys are handed in.

pub mod access_token;
pub mod api_key;
pub mod audit_chain;
pub mod browser_mark;
pub mod key_ring;
pub mod master_key;
pub mod one_time_code;
pub mod password;
pub mod refresh_token;
pub mod sealed;
pub mod session_id;
pub mod signing_key;
pub mod totp;
