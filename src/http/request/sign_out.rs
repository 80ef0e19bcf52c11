//! Signing out by access token, the same in every dialect.

use crate::http::request::call::Call;
use crate::service::sessions::logout;
use crate::service::tokens::authenticate::read_expired;
use crate::service::{Code, Error};

/// Ends the session of the access token that came, which may have ended by now: what a
/// route takes for going on is good for stopping.
///
/// # Errors
/// 401 where no route takes it.
pub async fn by_access_token(call: &Call) -> Result<(), Error> {
    let expired = match call.actor() {
        Ok(actor) => {
            return call
                .on_store(move |kw| logout::by_access_token(kw, &actor))
                .await;
        }
        Err(error) if error.code == Code::TokenExpired => error,
        Err(error) => return Err(error),
    };
    let token = call.access_token()?.ok_or(expired)?;
    let (token, client) = (read_expired(&call.kw, &token)?, call.client());
    call.on_store(move |kw| logout::by_expired_token(kw, &token, &client))
        .await
}
