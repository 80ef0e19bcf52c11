//! Ids: one type for each kind of thing, so that an account's id can never stand
//! where a session's is wanted. All are UUIDs; what they look like is `store`'s
//! and the faces' concern.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::support::clock::Timestamp;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Nobody's and nothing's: for a look-up that must cost what one of a real id costs.
            pub const NIL: Self = Self(Uuid::nil());
        }

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

/// After which row of a list in order of age a page begins: when the row came and its id, which say
/// where it stood when it is gone; or the id alone, of a row that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    Place(Timestamp, Uuid),
    Row(Uuid),
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(at, id) => write!(f, "{}.{}", at.millis(), id.as_hyphenated()),
            Self::Row(id) => id.as_hyphenated().fmt(f),
        }
    }
}

impl FromStr for After {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let id = |text| Uuid::try_parse(text).map_err(|_| ());
        match text.split_once('.') {
            None => Ok(Self::Row(id(text)?)),
            Some((at, row)) => {
                let digits = at.strip_prefix('-').unwrap_or(at);
                if !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(());
                }
                let at = at.parse().map_err(|_| ())?;
                Ok(Self::Place(Timestamp::from_millis(at), id(row)?))
            }
        }
    }
}

impl ApiKeyId {
    /// In the place of a session's id: what says "this session is over" says it of a key, too,
    /// and what a key did stands under its id. No session has it: theirs carry a tag.
    #[must_use]
    pub const fn as_session(self) -> SessionId {
        SessionId(self.0)
    }
}
