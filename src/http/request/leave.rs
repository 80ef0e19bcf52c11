//! Leaving, the same in every dialect that has it.

use actix_web::HttpResponse;
use actix_web::http::header::SET_COOKIE;

use crate::http::answer::Refusal;
use crate::http::request::call::Call;
use crate::http::request::cookies;
use crate::http::request::fields::{new_password as password, otp};
use crate::service::accounts::leave::{self, Proof};
use crate::service::actor::Actor;
use crate::service::sessions::presented;

/// Deletes the caller's account, by `{"password","otp"?}`; a guest's by the token alone.
/// Cookies of sessions that are over are cleared: another account's stays.
///
/// # Errors
/// What the act says.
pub async fn leave(call: &mut Call, actor: Actor) -> Result<HttpResponse, Refusal> {
    let fields = call.fields().await?;
    fields.only(&["password", "otp"])?;
    if actor.claims().anon {
        call.on_store(move |kw| leave::leave_as_guest(kw, &actor))
            .await?;
    } else {
        let proof = Proof {
            password: password(&fields, "password")?,
            otp: otp(&fields)?,
        };
        call.on_password(move |kw, seat| leave::leave(kw, seat, &actor, &proof))
            .await?;
    }
    let mut response = HttpResponse::NoContent();
    let tokens = call.refresh_cookies();
    if !tokens.is_empty() {
        // It is done: where nobody can say whose the cookie is, it stays.
        let lives = call.on_store(move |kw| presented::any_lives(kw, &tokens));
        if !lives.await.unwrap_or(true) {
            response.append_header((SET_COOKIE, cookies::clear(&call.web)));
            if call.device().is_some() {
                response.append_header((SET_COOKIE, cookies::clear_device(&call.web)));
            }
        }
    }
    Ok(response.finish())
}
