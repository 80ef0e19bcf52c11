//! Who may call a route, as its row says it.

use crate::domain::rights::access::ADMIN;
use crate::http::request::call::Call;
use crate::service::Result;
use crate::service::actor::Actor;

/// Who may call. The mount enforces it before the handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Anybody. What is needed stands in the body, the query or a cookie.
    Public,
    /// The holder of a live access token, a guest too. Its handler, as those of the guards
    /// below, takes the `Actor` as an argument: it can not be written, or mounted, without one.
    Guest,
    /// The same with an account.
    SignedIn,
    /// The holder of a live access token or of an API key. The two guards above are for what is a
    /// person's own affair, which no key opens.
    Caller,
    /// The same with an account.
    Account,
    /// The same with the permission of administrators.
    Administrator,
    /// The same with this permission in the whole service, or that of administrators.
    Permission(&'static str),
}

impl Guard {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Guest => "guest",
            Self::SignedIn => "signed-in",
            Self::Caller => "caller",
            Self::Account => "account",
            Self::Administrator => "administrator",
            Self::Permission(word) => word,
        }
    }

    /// # Errors
    /// `FORBIDDEN`.
    pub fn admit(self, actor: &Actor) -> Result<()> {
        match self {
            Self::Public | Self::Caller => Ok(()),
            Self::Guest => actor.require_person(),
            Self::SignedIn => actor
                .require_person()
                .and_then(|()| actor.require_account()),
            Self::Account => actor.require_account(),
            Self::Administrator => actor.require_account().and_then(|()| actor.require(ADMIN)),
            Self::Permission(word) => actor
                .require_account()
                .and_then(|()| actor.require_one(&[word, ADMIN])),
        }
    }
}

/// What the mount asks of a caller before the handler runs.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Terms {
    pub(in crate::http) guard: Guard,
    pub(in crate::http) own: bool,
    pub(in crate::http) fresh: bool,
    pub(in crate::http) enrolling: bool,
}

impl Terms {
    /// # Errors
    /// `FORBIDDEN`, `STEP_UP_REQUIRED`.
    pub(in crate::http) fn admit(self, call: &Call, actor: &Actor) -> Result<()> {
        // Before the guard: a token that opens nothing holds no permission either.
        if !self.enrolling {
            actor.require_enrolled()?;
        }
        if self.own {
            actor.require_own()?;
        }
        self.guard.admit(actor)?;
        if self.fresh {
            actor.require_fresh(&call.kw)?;
        }
        Ok(())
    }
}
