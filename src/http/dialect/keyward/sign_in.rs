//! Signing in, going on and signing out: Directus's routes (seed D), which Keyward took
//! for its own.

use actix_web::HttpResponse;
use actix_web::http::header::SET_COOKIE;
use serde_json::json;

use crate::config::Dialect;
use crate::crypto::refresh_token::RefreshTokens;
use crate::domain::identifier::{Email, Identifier};
use crate::domain::session::{Class, Mode};
use crate::http::dialect::keyward::Keyward;
use crate::http::error_response::{Answer, Refused};
use crate::http::request::call::Call;
use crate::http::request::fields::{Fields, otp, password};
use crate::http::request::{cookie_headers, sign_out, wanted_organization};
use crate::http::response_bodies;
use crate::service::Error;
use crate::service::sessions::refresh::Refreshed;
use crate::service::sessions::{login, logout, refresh, which_refresh_token};
use crate::support::secret::{ExposeSecret as _, SecretString};

const NO_TOKEN: &str = "The refresh token is required in either the payload or cookie";

/// `POST /auth/login` (rows D-10 to D-26). Where a guest signs in, the guest's session ends,
/// and `guest_id` says whose it was (row P-20).
pub async fn login(mut call: Call) -> Answer<Keyward> {
    let fields = call.fields().await?;
    let identifier = identifier(&fields)?;
    let password = password(fields.required("password")?)?;
    let otp = otp(&fields)?;
    let mode = mode(&fields)?.unwrap_or(Mode::Json);
    if mode == Mode::Cookie {
        require_cookies(&call)?;
    }
    let request = login::Request {
        identifier,
        password,
        organization: wanted_organization::by(&fields)?,
        otp,
        device: call.device(),
        replaces: call.refresh_cookies(),
        guest: call.token_beside(),
        mode,
        class: Class::Standard,
        dialect: Dialect::Directus,
        client: call.client(),
    };
    let tokens = call
        .on_password(move |kw, seat| login::login(kw, seat, request))
        .await?;
    let guest = match tokens.guest {
        Some(guest) => json!({ "guest_id": guest }),
        None => json!({}),
    };
    Ok(response_bodies::tokens_with(&call, &tokens, mode, guest))
}

/// An e-mail address, or in its absence a username. What can be no username of ours is one
/// that nobody has.
fn identifier(fields: &Fields) -> Result<Identifier, Error> {
    let is_there = |name| fields.value(name).is_some_and(|value| !value.is_null());
    if !is_there("email") && is_there("username") {
        let username = Identifier::parse(fields.required("username")?);
        return username.ok_or_else(Error::credentials);
    }
    let email = Email::parse(fields.required("email")?);
    email
        .map(Identifier::Email)
        .ok_or_else(|| Error::payload("\"email\" must be a valid email"))
}

/// `POST /auth/refresh` (rows D-27 to D-38).
pub async fn refresh(mut call: Call) -> Answer<Keyward> {
    let fields = call.fields().await?;
    let mode = mode(&fields)?;
    let cookie = call.refresh_cookie().await?;
    let body = body_token(&fields)?;
    let (token, by_cookie) = match (body, cookie) {
        (Some(body), Some(cookie)) if body.expose_secret() != cookie.expose_secret() => {
            // Another's cookie of our name, and one that is dead, say nothing against the body's
            // token: no answer of ours would make the browser forget them.
            let living =
                move |kw: &_| which_refresh_token::any_lives(kw, std::slice::from_ref(&cookie));
            if call.on_store(living).await? {
                let reason = "The payload and the cookie hold different refresh tokens";
                return Err(Error::payload(reason).into());
            }
            (body, false)
        }
        (Some(body), None) => (body, false),
        (_, Some(cookie)) => (cookie, true),
        (None, None) => return Err(Error::payload(NO_TOKEN).into()),
    };
    let mode = mode.unwrap_or(if by_cookie { Mode::Cookie } else { Mode::Json });
    if mode == Mode::Cookie {
        require_cookies(&call)?;
    } else if by_cookie {
        call.require_our_origin()?;
    }
    if by_cookie && mode == Mode::Json && call.is_browser() {
        let reason = "A refresh token that is held in a cookie is not given to a page: send \"mode\" \
                      cookie, or none";
        return Err(Error::payload(reason).into());
    }
    // What is no token of ours by its form is another's cookie, and is left to it.
    let clears = by_cookie && RefreshTokens::has_form(token.expose_secret());
    let request = refresh::Request {
        token,
        organization: wanted_organization::by(&fields)?,
        client: call.client(),
    };
    let kw = call.kw.clone();
    let refreshed = async move { refresh::refreshing(&kw, &request).await };
    match call.kw.goes_on_store(refreshed).await {
        Ok(Refreshed { tokens, outcome }) => {
            Ok(response_bodies::tokens(&call, &tokens, mode, Some(outcome)))
        }
        Err(refused) if clears && refused.is_final => {
            let forget = cookie_headers::clear(&call.web);
            Err(Refused::with_cookie(refused.error, forget))
        }
        Err(refused) => Err(refused.error.into()),
    }
}

/// `POST /auth/logout` (rows D-39, H-26 to H-30): by refresh token in the body or in every
/// cookie of the name, or by access token where none of the cookies is ours.
pub async fn logout(mut call: Call) -> Answer<Keyward> {
    let fields = call.fields().await?;
    mode(&fields)?;
    let cookies = call.refresh_cookies();
    let had_cookie = !cookies.is_empty();
    if had_cookie {
        call.require_our_origin()?;
    }
    let named = which_refresh_token::ours(&call.kw, &cookies).into_iter();
    let named = named.map(|(_, token)| token);
    let tokens: Vec<SecretString> = body_token(&fields)?.into_iter().chain(named).collect();
    if tokens.is_empty() && !had_cookie && call.access_token()?.is_none() {
        return Err(Error::payload(NO_TOKEN).into());
    }
    let shown = sign_out::shown(&call);
    call.on_store(move |kw| logout::by_either(kw, &tokens, &shown, had_cookie))
        .await?;
    let mut response = HttpResponse::NoContent();
    if had_cookie {
        response.append_header((SET_COOKIE, cookie_headers::clear(&call.web)));
    }
    Ok(response.finish())
}

pub(super) fn mode(fields: &Fields) -> Result<Option<Mode>, Error> {
    let wrong = || Error::payload("\"mode\" must be one of [cookie, json]");
    match fields.optional("mode").map_err(|_| wrong())? {
        None => Ok(None),
        Some("json") => Ok(Some(Mode::Json)),
        Some("cookie") => Ok(Some(Mode::Cookie)),
        _ => Err(wrong()),
    }
}

/// What must hold where the answer sets the cookie. Without TLS a browser drops it, and
/// with it the only copy of the new token (threat C11).
pub(super) fn require_cookies(call: &Call) -> Result<(), Error> {
    call.require_our_origin()?;
    if call.web.cookies_work {
        return Ok(());
    }
    let reason = "\"mode\" cookie needs KEYWARD_PUBLIC_URL to be https: browsers drop a Secure cookie otherwise";
    Err(Error::payload(reason))
}

/// An empty one is none, as in the original: the cookie counts.
fn body_token(fields: &Fields) -> Result<Option<SecretString>, Error> {
    let text = fields.optional("refresh_token")?;
    Ok(text.filter(|text| !text.is_empty()).map(Into::into))
}
