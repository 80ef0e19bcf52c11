//! Leaving, in the words of Directus.

use crate::http::dialect::directus::Directus;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::delete_own_account;
use crate::service::actor::Actor;

/// `DELETE /users/me`. The original asks for nothing but the token; here the password is
/// needed, or whoever finds a token could delete its owner.
pub async fn me(mut call: Call, actor: Actor) -> Answer<Directus> {
    Ok(delete_own_account::leave(&mut call, actor).await?)
}
