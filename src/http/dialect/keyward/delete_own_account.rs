//! Leaving.

use crate::http::dialect::keyward::Keyward;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::delete_own_account;
use crate::service::actor::Actor;

/// `DELETE /auth/me {"password","otp"?}`: deletes the caller's account. A guest needs no
/// password.
pub async fn me(mut call: Call, actor: Actor) -> Answer<Keyward> {
    Ok(delete_own_account::leave(&mut call, actor).await?)
}
