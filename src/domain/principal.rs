//! Whom a checked access token names.

use crate::domain::algorithm::Algorithm;
use crate::domain::claims::Claims;
use crate::domain::id::{AccountId, SessionId};

/// What an access token says, once its signature was checked.
#[derive(Debug)]
pub struct Principal {
    pub claims: Claims,
    /// By what the token is signed, which after a change is not what signs now.
    pub algorithm: Algorithm,
    /// The key that signed it.
    pub key: String,
}

impl Principal {
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.claims.sub
    }

    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.claims.sid
    }
}
