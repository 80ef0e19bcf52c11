//! Directus (seed D): sign-in, refresh, sign-out and the caller's own account, as its
//! SDK speaks them. Bodies are flat; `KEYWARD_DIRECTUS_ENVELOPE` wraps them.

use actix_web::HttpResponse;
use actix_web::http::header::{self, SET_COOKIE};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::crypto::refresh_token::RefreshTokens;
use crate::domain::account::Account;
use crate::domain::identifier::{Email, Identifier};
use crate::domain::password::{Password, Unusable};
use crate::domain::session::{Class, Mode};
use crate::http::dialect::{Answer, Refused, Shape};
use crate::http::request::call::Call;
use crate::http::request::cookies;
use crate::http::request::fields::Fields;
use crate::http::request::settings::Web;
use crate::service::accounts::profile;
use crate::service::sessions::{login, logout, presented, refresh};
use crate::service::tokens::authenticate::Principal;
use crate::service::tokens::mint::TokenSet;
use crate::service::{Code, Error};
use crate::support::secret::{ExposeSecret as _, SecretString};

#[derive(Debug)]
pub struct Directus;

impl Shape for Directus {
    fn body(error: &Error) -> Value {
        let code = error.code.as_str();
        let mut extensions = json!({ "code": code });
        let message = if error.code == Code::InvalidPayload {
            extensions["reason"] = json!(error.message);
            format!("Invalid payload. {}.", error.message)
        } else {
            error.message.to_string()
        };
        json!({ "errors": [{ "message": message, "extensions": extensions }] })
    }
}

/// What the original shows in the place of a secret that is there.
const CONCEALED: &str = "**********";

const NO_TOKEN: &str = "The refresh token is required in either the payload or cookie";

/// `POST /auth/login` (rows D-10 to D-26).
pub async fn login(mut call: Call) -> Answer<Directus> {
    let fields = call.fields().await?;
    let email = fields.required("email")?;
    let email =
        Email::parse(email).ok_or_else(|| Error::payload("\"email\" must be a valid email"))?;
    let password = password(fields.required("password")?)?;
    let otp = otp(&fields)?;
    let mode = mode(&fields)?.unwrap_or(Mode::Json);
    if mode == Mode::Cookie {
        require_cookies(&call)?;
    }
    let request = login::Request {
        identifier: Identifier::Email(email),
        password,
        otp,
        device: call.device(),
        mode,
        class: Class::Standard,
        dialect: "directus",
        client: call.client(),
    };
    let tokens = call
        .on_password(move |kw, seat| login::login(kw, seat, request))
        .await?;
    Ok(render(&call, &tokens, mode, None))
}

/// `POST /auth/refresh` (rows D-27 to D-38).
pub async fn refresh(mut call: Call) -> Answer<Directus> {
    let fields = call.fields().await?;
    let mode = mode(&fields)?;
    let cookie = call.refresh_cookie().await?;
    let body = body_token(&fields)?;
    let (token, by_cookie) = match (body, cookie) {
        // Another's cookie of our name says nothing against the body's token.
        (Some(body), Some(cookie)) if !RefreshTokens::has_form(cookie.expose_secret()) => {
            (body, false)
        }
        (Some(body), Some(cookie)) if body.expose_secret() != cookie.expose_secret() => {
            return Err(
                Error::payload("The payload and the cookie hold different refresh tokens").into(),
            );
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
        let reason = "a refresh token that is held in a cookie is not given to a page";
        return Err(Error::payload(reason).into());
    }
    // What is no token of ours by its form is another's cookie, and is left to it.
    let clears = by_cookie && RefreshTokens::has_form(token.expose_secret());
    let request = refresh::Request {
        token,
        client: call.client(),
    };
    match call
        .on_store(move |kw| refresh::refresh(kw, &request))
        .await
    {
        Ok((tokens, outcome)) => Ok(render(&call, &tokens, mode, Some(outcome))),
        Err(error) if clears && error.is_final && error.code == Code::InvalidCredentials => {
            Err(Refused::with_cookie(error, cookies::clear(&call.web)))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /auth/logout` (rows D-39, H-26 to H-30): by refresh token in the body or in every
/// cookie of the name, or by access token where none of the cookies is ours.
pub async fn logout(mut call: Call) -> Answer<Directus> {
    let fields = call.fields().await?;
    mode(&fields)?;
    let cookies = call.refresh_cookies();
    let had_cookie = !cookies.is_empty();
    if had_cookie {
        call.require_our_origin()?;
    }
    let client = call.client();
    let named = presented::ours(&call.kw, &cookies).into_iter();
    let named = named.map(|(_, token)| token);
    let tokens: Vec<SecretString> = body_token(&fields)?.into_iter().chain(named).collect();
    let bearer = tokens.is_empty() && call.access_token()?.is_some();
    if tokens.is_empty() && !bearer && !had_cookie {
        return Err(Error::payload(NO_TOKEN).into());
    }
    if bearer {
        let principal = call.principal()?;
        call.on_store(move |kw| logout::by_principal(kw, &principal, &client))
            .await?;
    } else {
        call.on_store(move |kw| {
            tokens
                .iter()
                .try_for_each(|token| logout::by_refresh_token(kw, token, &client))
        })
        .await?;
    }
    let mut response = HttpResponse::NoContent();
    if had_cookie {
        response.append_header((SET_COOKIE, cookies::clear(&call.web)));
    }
    Ok(response.finish())
}

/// `GET /users/me`, with `?fields=` of top-level names.
pub async fn users_me(call: Call) -> Answer<Directus> {
    let principal = call.principal()?;
    let caller = principal.clone();
    let (account, second) = call
        .on_store(move |kw| {
            let (account, second) = profile::with_factor(kw, &caller)?;
            Ok((account, second))
        })
        .await?;
    let mut user = user(&account, &principal);
    if second {
        user.insert("tfa_secret".to_owned(), json!(CONCEALED));
    }
    if let Some(wanted) = wanted_fields(call.query()) {
        user.retain(|name, _| wanted.iter().any(|field| field == "*" || field == name));
    }
    Ok(HttpResponse::Ok().json(enveloped(&call.web, Value::Object(user))))
}

/// `GET /server/ping`.
pub async fn ping() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("pong")
}

/// `GET /auth`: the sign-in providers. There are none yet.
pub async fn providers() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "data": [], "disableDefault": false }))
}

fn mode(fields: &Fields) -> Result<Option<Mode>, Error> {
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
fn require_cookies(call: &Call) -> Result<(), Error> {
    call.require_our_origin()?;
    if call.web.cookies_work {
        return Ok(());
    }
    let reason = "mode \"cookie\" needs KEYWARD_PUBLIC_URL to be https: browsers drop a Secure cookie otherwise";
    Err(Error::payload(reason))
}

/// An empty one is none, as in the original: the cookie counts.
fn body_token(fields: &Fields) -> Result<Option<SecretString>, Error> {
    let text = fields.optional("refresh_token")?;
    Ok(text.filter(|text| !text.is_empty()).map(Into::into))
}

/// A second factor that may be absent, but not empty.
pub(in crate::http) fn otp(fields: &Fields) -> Result<Option<SecretString>, Error> {
    match fields.optional("otp")? {
        None => Ok(None),
        Some(_) => fields.required("otp").map(|text| Some(text.into())),
    }
}

/// A NUL can be in no password of ours, so it is a wrong one; too long is told.
pub(in crate::http) fn password(text: &str) -> Result<Password, Error> {
    Password::parse(text).map_err(|unusable| match unusable {
        Unusable::ContainsNul => Error::credentials(),
        Unusable::Empty => Error::payload("\"password\" is not allowed to be empty"),
        Unusable::TooLong => {
            Error::payload("\"password\" length must be less than or equal to 1024 characters long")
        }
    })
}

fn render(
    call: &Call,
    tokens: &TokenSet,
    mode: Mode,
    outcome: Option<refresh::Outcome>,
) -> HttpResponse {
    let expires = tokens.access_expires_at.millis_since(tokens.issued_at);
    let mut body = json!({
        "access_token": tokens.access.expose_secret(),
        "expires": expires,
        "expires_at": tokens.access_expires_at.millis(),
    });
    let mut response = HttpResponse::Ok();
    if let Some(outcome) = outcome {
        response.insert_header(("x-keyward-refresh", outcome.as_str()));
    }
    match mode {
        Mode::Json => body["refresh_token"] = json!(tokens.refresh.expose_secret()),
        Mode::Cookie => {
            let now = call.kw.clock.now();
            let cookie = cookies::set(&call.web, &tokens.refresh, tokens.refresh_expires_at, now);
            response.append_header((SET_COOKIE, cookie));
            if let Some(mark) = &tokens.device {
                response.append_header((SET_COOKIE, cookies::set_device(&call.web, mark)));
            }
        }
    }
    response.insert_header((header::PRAGMA, "no-cache"));
    response.json(enveloped(&call.web, body))
}

pub(in crate::http) fn enveloped(web: &Web, body: Value) -> Value {
    if web.directus_envelope {
        json!({ "data": body })
    } else {
        body
    }
}

fn user(account: &Account, principal: &Principal) -> Map<String, Value> {
    let user = json!({
        "id": account.id,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "email": account.email,
        "password": CONCEALED,
        "location": null,
        "title": null,
        "description": null,
        "tags": null,
        "avatar": null,
        "language": null,
        "tfa_secret": null,
        "status": "active",
        "role": principal.claims.roles.first(),
        "token": null,
        "last_access": account.last_login_at.map(crate::support::clock::Timestamp::iso),
        "last_page": null,
        "provider": "default",
        "external_identifier": null,
        "auth_data": null,
        "email_notifications": true,
        "appearance": null,
        "text_direction": "auto",
        "policies": [],
    });
    match user {
        Value::Object(user) => user,
        _ => Map::new(),
    }
}

/// `?fields=id,email` or `?fields[]=id&fields[]=email`; of `role.name` the first part.
fn wanted_fields(query: &str) -> Option<Vec<String>> {
    let fields: Vec<String> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "fields" || name.starts_with("fields["))
        .flat_map(|(_, value)| value.split(',').map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|field| field.split('.').next().map(str::to_owned))
        .filter(|field| !field.is_empty())
        .collect();
    (!fields.is_empty()).then_some(fields)
}
