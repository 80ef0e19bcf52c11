//! Ids: one type for each kind of thing, so that an account's id can never stand
//! where a session's is wanted. All are UUIDs; what they look like is `store`'s
//! and the faces' concern.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }
    };
}

id!(
    /// An account: who can log in.
    AccountId
);
id!(
    /// A session: one sign-in on one client. Carries a keyed tag, so that an id that
    /// Keyward never gave is told apart without the database (`crypto::session_id`).
    SessionId
);
id!(
    /// An organization: a tenant.
    OrganizationId
);
id!(
    /// A second factor.
    FactorId
);
id!(
    /// An API key.
    ApiKeyId
);

impl ApiKeyId {
    /// In the place of a session's id: what says "this session is over" says it of a key, too,
    /// and what a key did stands under its id. No session has it: theirs carry a tag.
    #[must_use]
    pub const fn as_session(self) -> SessionId {
        SessionId(self.0)
    }
}
