//! Leaving.

use crate::http::answer::Answer;
use crate::http::dialect::keyward::Keyward;
use crate::http::request::call::Call;
use crate::http::request::leave;
use crate::service::actor::Actor;

/// `DELETE /auth/me {"password","otp"?}`: deletes the caller's account. A guest needs no
/// password.
pub async fn me(mut call: Call, actor: Actor) -> Answer<Keyward> {
    Ok(leave::leave(&mut call, actor).await?)
}
