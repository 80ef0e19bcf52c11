//! Leaving, the same in every dialect that has it.

use actix_web::HttpResponse;
use actix_web::http::header::SET_COOKIE;

use crate::http::error_response::Refusal;
use crate::http::request::call::Call;
use crate::http::request::cookie_headers;
use crate::http::request::fields::{Fields, new_password as password, otp};
use crate::service::Error;
use crate::service::accounts::delete_own_account::{self, PasswordAndCode};
use crate::service::actor::Actor;
use crate::service::sessions::which_refresh_token;

/// Deletes the caller's account, by `{"password","otp"?}`; a guest's by the token alone.
/// Cookies of sessions that are over are cleared: another account's stays.
///
/// # Errors
/// What the act says.
pub async fn leave(call: &mut Call, actor: Actor) -> Result<HttpResponse, Refusal> {
    let fields = call.fields().await?;
    fields.only(&["password", "otp"])?;
    if actor.claims().anon {
        return by_token(call, actor).await;
    }
    let proof = proof(&fields)?;
    by_proof(call, actor, proof).await
}

/// What the body shows.
///
/// # Errors
/// `INVALID_PAYLOAD`.
pub fn proof(fields: &Fields) -> Result<PasswordAndCode, Error> {
    fields.only(&["password", "otp"])?;
    Ok(PasswordAndCode {
        password: password(fields, "password")?,
        otp: otp(fields)?,
    })
}

/// # Errors
/// What the act says.
pub async fn by_proof(
    call: &Call,
    actor: Actor,
    proof: PasswordAndCode,
) -> Result<HttpResponse, Refusal> {
    call.on_password(move |kw, seat| delete_own_account::leave(kw, seat, &actor, &proof))
        .await?;
    Ok(gone(call).await)
}

/// By the token alone: a guest's, or one of a sign-in a moment ago.
///
/// # Errors
/// What the act says.
pub async fn by_token(call: &Call, actor: Actor) -> Result<HttpResponse, Refusal> {
    let act = if actor.claims().anon {
        delete_own_account::leave_as_guest
    } else {
        delete_own_account::leave_after_sign_in
    };
    call.on_store(move |kw| act(kw, &actor)).await?;
    Ok(gone(call).await)
}

/// 204, and the cookies of sessions that are over are cleared.
async fn gone(call: &Call) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    let tokens = call.refresh_cookies();
    if !tokens.is_empty() {
        // It is done: where nobody can say whose the cookie is, it stays.
        let lives = call.on_store(move |kw| which_refresh_token::any_lives(kw, &tokens));
        if !lives.await.unwrap_or(true) {
            response.append_header((SET_COOKIE, cookie_headers::clear(&call.web)));
            if call.device().is_some() {
                response.append_header((SET_COOKIE, cookie_headers::clear_device(&call.web)));
            }
        }
    }
    response.finish()
}
