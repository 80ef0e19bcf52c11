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
    let proof = if delete_own_account::needs_proof(&actor) {
        Some(proof(&fields)?)
    } else {
        None
    };
    by(call, actor, proof).await
}

/// By what the body shows; without it by the token alone. What a guest shows is passed over.
///
/// # Errors
/// What the act says.
pub async fn by(
    call: &Call,
    actor: Actor,
    proof: Option<PasswordAndCode>,
) -> Result<HttpResponse, Refusal> {
    match proof.filter(|_| delete_own_account::needs_proof(&actor)) {
        Some(proof) => {
            call.on_password(move |kw, seat| delete_own_account::leave(kw, seat, &actor, &proof))
                .await?;
        }
        None => {
            call.on_store(move |kw| delete_own_account::leave_by_token(kw, &actor))
                .await?;
        }
    }
    Ok(gone(call).await)
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
