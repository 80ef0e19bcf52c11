//! Intel / OISP `IoT` Analytics (seed O): one token of 24 hours, and what it says.

/// `/v1/api/accounts`, `/v1/api/invites`.
pub mod accounts;
pub mod users;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::config::Dialect;
use crate::domain::identifier::Identifier;
use crate::domain::principal::By;
use crate::domain::session::{Class, Mode};
use crate::http::error_response::{Answer, Http, Refusal, Shape};
use crate::http::request::call::Call;
use crate::http::request::fields::{otp, password};
use crate::http::request::sign_out;
use crate::http::response_bodies;
use crate::service::accounts::profile;
use crate::service::actor::Actor;
use crate::service::sessions::refresh::Refreshed;
use crate::service::sessions::{login, refresh, renew};
use crate::service::tokens::authenticate::read_expired;
use crate::service::{Code, Error, Reason};
use crate::support::secret::ExposeSecret as _;

#[derive(Debug)]
pub struct Oisp;

impl Shape for Oisp {
    /// As in the original: a locked account is 403 (row O-31), a wrong present password 400.
    fn status(refusal: &Refusal) -> StatusCode {
        match refusal.act() {
            Some(Code::AttemptsExceeded) => StatusCode::FORBIDDEN,
            Some(Code::WrongPassword) => StatusCode::BAD_REQUEST,
            _ => refusal.status(),
        }
    }

    /// `{"code","message"}` in the original's words; the code is the status, or one of
    /// the original's own.
    fn body(refusal: &Refusal) -> Value {
        let code = match refusal.act() {
            Some(Code::WeakPassword) => 2401,
            Some(Code::EmailNotVerified) => 2402,
            Some(Code::AttemptsExceeded) => 2403,
            Some(Code::NotFound) => 2404,
            Some(Code::InvalidCode) => 2406,
            Some(Code::Conflict) => 2409,
            _ => Self::status(refusal).as_u16(),
        };
        // The original has one word for every body (O-29); where it could not even be read,
        // or what is wrong with it is no matter of its form, the reason follows.
        let reason = refusal.message().trim_end_matches('.');
        let invalid = format!("Invalid request. {reason}.");
        let weak = format!("Password too Weak. {reason}.");
        let message = match refusal {
            Refusal::Http(Http::RouteNotFound, _) => "Not Found",
            Refusal::Http(_, message) => message,
            Refusal::Act(error) => match error.code {
                Code::InvalidPayload if is_of_no_form(error.reason.as_ref()) => &invalid,
                Code::WrongPassword => &invalid,
                Code::WeakPassword => &weak,
                Code::InvalidPayload => "Invalid request",
                Code::InvalidCredentials | Code::InvalidToken | Code::TokenExpired => {
                    "Not Authorized"
                }
                Code::EmailNotVerified => "User's email not verified",
                Code::AttemptsExceeded => "Account locked",
                Code::NotFound => "User Not Found",
                Code::InvalidCode => "Invalid interaction token",
                Code::Conflict => "User already exists",
                _ => &error.message,
            },
        };
        json!({ "code": code, "message": message })
    }
}

/// What the original's one word would not tell its reader how to mend: a body that could not be read,
/// a code that is missing because of the account, a password that is the old one.
const fn is_of_no_form(reason: Option<&Reason>) -> bool {
    matches!(
        reason,
        Some(Reason::Unreadable | Reason::OtpNeeded | Reason::SameAsPresent)
    )
}

/// `POST /v1/api/auth/token` (rows O-01 to O-06): with a body a sign-in; with a live
/// Bearer token and no body, that token anew.
pub async fn token(mut call: Call) -> Answer<Oisp> {
    let fields = call.fields().await?;
    if fields.is_empty() && call.access_token()?.is_some() {
        let actor = call.person()?;
        return renew(call, actor).await;
    }
    fields.only(&["username", "password", "otp"])?;
    let username = fields.required("username")?;
    let password = password(fields.required("password")?)?;
    let otp = otp(&fields)?;
    // What can be no identifier of ours is one that nobody has.
    let identifier = Identifier::parse(username).ok_or_else(Error::credentials)?;
    let request = login::Request {
        identifier,
        password,
        organization: None,
        otp,
        device: None,
        replaces: Vec::new(),
        guest: call.token_beside(),
        mode: Mode::Json,
        class: Class::Oisp,
        dialect: Dialect::Oisp,
        client: call.client(),
    };
    let tokens = call
        .on_password(move |kw, seat| login::login(kw, seat, request))
        .await?;
    Ok(HttpResponse::Ok().json(json!({ "token": tokens.access.expose_secret() })))
}

/// `PUT /v1/api/auth/me`: the live token anew, with the access of now.
pub async fn renew(call: Call, actor: Actor) -> Answer<Oisp> {
    let tokens = call.on_store(move |kw| renew::renew(kw, &actor)).await?;
    Ok(HttpResponse::Ok().json(json!({ "token": tokens.access.expose_secret() })))
}

/// `GET /v1/api/auth/tokenInfo` (rows O-13 to O-20): what the verified token says.
pub async fn token_info(_: Call, actor: Actor) -> Answer<Oisp> {
    let claims = actor.claims();
    let By::Token { algorithm, .. } = &actor.principal.by else {
        return Err(Error::for_persons().into());
    };
    Ok(HttpResponse::Ok().json(json!({
        "header": { "typ": "JWT", "alg": algorithm.as_str() },
        "payload": {
            "jti": claims.jti,
            "iss": claims.iss,
            "sub": claims.sub,
            "exp": claims.expires_at().iso(),
            "accounts": claims.accounts,
        },
    })))
}

/// `GET /v1/api/auth/me` (rows O-21 to O-27).
pub async fn me(call: Call, actor: Actor) -> Answer<Oisp> {
    let account = call.on_store(move |kw| profile::of(kw, &actor)).await?;
    Ok(HttpResponse::Ok().json(response_bodies::account(&account)))
}

/// `DELETE /v1/api/auth/me`: signing out, also by a token that can still be exchanged.
pub async fn sign_out(call: Call) -> Answer<Oisp> {
    sign_out::by_access_token(&call).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/api/auth/refresh`: the refresh token that goes with a live token.
pub async fn refresh_token(call: Call, actor: Actor) -> Answer<Oisp> {
    let token = call
        .on_store(move |kw| refresh::current_refresh_token(kw, &actor))
        .await?;
    Ok(HttpResponse::Ok().json(json!({ "refreshToken": token.expose_secret() })))
}

/// `PUT /v1/api/auth/refresh` (row O-32): `{refreshToken}` beside the old token, which
/// may have expired.
pub async fn refresh_both(mut call: Call) -> Answer<Oisp> {
    let fields = call.fields().await?;
    fields.only(&["refreshToken"])?;
    let token = fields.required("refreshToken")?.into();
    let old = call.access_token()?.ok_or_else(|| call.no_token())?;
    let old = read_expired(&call.kw, &old)?;
    let request = refresh::Request {
        token,
        organization: None,
        client: call.client(),
    };
    let Refreshed { tokens, outcome } = call
        .on_store(move |kw| {
            refresh::refresh_beside(kw, &request, &old).map_err(|refused| refused.error)
        })
        .await?;
    Ok(HttpResponse::Ok()
        .insert_header(("x-keyward-refresh", outcome.as_str()))
        .json(json!({
            "jwt": tokens.access.expose_secret(),
            "refreshToken": tokens.refresh.expose_secret(),
        })))
}

/// `GET /v1/api/health`.
pub async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "kind": "healthcheck", "isHealthy": true, "name": "keyward", "items": [],
    }))
}
