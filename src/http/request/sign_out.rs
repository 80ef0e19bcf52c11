//! Signing out by access token, the same in every dialect.

use crate::domain::session::Client;
use crate::http::request::call::Call;
use crate::service::actor::Actor;
use crate::service::sessions::logout;
use crate::service::tokens::authenticate::read_expired;
use crate::service::{Code, Error, Keyward, Result};
use crate::support::secret::SecretString;

/// What a caller shows to sign out.
pub struct Shown {
    pub actor: Result<Actor>,
    /// The access token as it was sent.
    pub token: Option<SecretString>,
    pub client: Client,
}

/// Ends the session of the access token that came.
///
/// # Errors
/// 401 where no route takes it.
pub async fn by_access_token(call: &Call) -> Result<()> {
    let shown = Shown {
        actor: call.person(),
        token: call.access_token()?,
        client: call.client(),
    };
    call.on_store(move |kw| end(kw, &shown)).await
}

/// Whether nobody can say that the session has ended: then nobody may claim it.
#[must_use]
pub const fn is_not_known(error: &Error) -> bool {
    matches!(error.code, Code::ServiceUnavailable | Code::Defect)
}

/// Ends the session of the access token, which may have ended by now: what a route takes for
/// going on is good for stopping.
///
/// # Errors
/// 401 where no route takes it.
pub fn end(kw: &Keyward, shown: &Shown) -> Result<()> {
    let expired = match &shown.actor {
        Ok(actor) => return logout::by_access_token(kw, actor),
        Err(error) if error.code == Code::TokenExpired => error,
        Err(error) => return Err(error.clone()),
    };
    let token = shown.token.as_ref().ok_or_else(|| expired.clone())?;
    let token = read_expired(kw, token)?;
    logout::by_expired_token(kw, &token, &shown.client)
}
