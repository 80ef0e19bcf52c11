//! What needs keys or hashes: password records, refresh tokens, session ids, signed
//! tokens and sealed boxes. It knows no database and no HTTP; keys are handed in.

pub mod device;
mod imported;
pub mod key_ring;
pub mod master_key;
pub mod password_hasher;
pub mod password_lane;
pub mod refresh_token;
pub mod sealed;
pub mod session_id;
pub mod signing_key;
pub mod token;
pub mod totp;
