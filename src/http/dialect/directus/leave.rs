//! Leaving, in the words of Directus.

use crate::http::answer::Answer;
use crate::http::dialect::directus::Directus;
use crate::http::request::call::Call;
use crate::http::request::leave;
use crate::service::actor::Actor;

/// `DELETE /users/me`. The original asks for nothing but the token; here the password is
/// needed, or whoever finds a token could delete its owner.
pub async fn me(mut call: Call, actor: Actor) -> Answer<Directus> {
    Ok(leave::leave(&mut call, actor).await?)
}
