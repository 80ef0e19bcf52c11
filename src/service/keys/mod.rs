//! Signing keys, as administrators and starts see them. What other acts need of them is a part
//! (`tokens/signing_keys.rs`).

mod list;
mod prepare;
mod replace;
mod rotate;

pub use crate::service::tokens::signing_keys::{JWKS_CACHE, NOTICE, load};
pub use list::{KeyStatus, jwks, list};
pub use prepare::{import, prepare};
pub use replace::replace_compromised;
pub use rotate::{Published, rotate, rotate_when_due};
