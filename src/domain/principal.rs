//! Whom a checked access token or API key names.

use std::sync::Arc;

use crate::domain::algorithm::Algorithm;
use crate::domain::claims::Claims;
use crate::domain::id::{AccountId, SessionId};
use crate::domain::rights::api_key::ApiKey;

/// What an access token says, once its signature was checked; or what a token would say of the
/// holder of an API key.
#[derive(Debug)]
pub struct Principal {
    pub claims: Claims,
    pub by: By,
}

/// What was shown.
#[derive(Debug)]
pub enum By {
    Token {
        /// By what the token is signed, which after a change is not what signs now.
        algorithm: Algorithm,
        /// The key that signed it.
        key: String,
    },
    ApiKey(Arc<ApiKey>),
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

    #[must_use]
    pub fn api_key(&self) -> Option<&ApiKey> {
        match &self.by {
            By::Token { .. } => None,
            By::ApiKey(key) => Some(key),
        }
    }
}
