//! Registering and inviting, as Directus's SDK speaks them.

use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use serde_json::Value;
use url::form_urlencoded;

use crate::domain::identifier::Email;
use crate::http::dialect::directus::Directus;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::fields::{Fields, new_password};
use crate::http::request::profile_fields::{SNAKE, edit, required_email};
use crate::service::accounts::register::{self, Registration};
use crate::service::accounts::verify_email;
use crate::service::actor::Actor;
use crate::service::invitations::accept::{self, Choice};
use crate::service::invitations::to_service::{self, HasAccount, ServiceInvitation};
use crate::service::{Error, Result};
use crate::support::secret::SecretString;

/// The most addresses of one request to invite.
const MOST: usize = 100;

/// `POST /users/register` (Directus): 204, whether the address has an account or not.
pub async fn register(mut call: Call) -> Answer<Directus> {
    let came = Instant::now();
    let fields = call.fields().await?;
    fields.only(&SNAKE.with(&["email", "password", "verification_url"]))?;
    let new = Registration {
        email: Some(required_email(&fields, "email")?),
        password: new_password(&fields, "password")?,
        edit: edit(&fields, &SNAKE, call.kw.clock.now())?,
        more: Vec::new(),
        wish: call.wish(&fields, "verification_url")?,
        tells: false,
        guest: call.guest()?,
    };
    call.on_password(move |kw, seat| register::register(kw, seat, new))
        .await?;
    call.answer_evenly(came).await;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /users/register/verify-email?token=`: what the SDK calls from a script, which is not told
/// from a client that says nothing of itself. No mail links to it. A browser that navigates here
/// is sent to the page with the form, and uses nothing up (L12).
pub async fn verify(call: Call) -> Answer<Directus> {
    let mut pairs = form_urlencoded::parse(call.query().as_bytes());
    let code = pairs.find(|(name, _)| name == "token");
    let code: SecretString = code
        .map(|(_, code)| code.into_owned())
        .filter(|code| !code.is_empty())
        .ok_or_else(|| Error::payload("\"token\" is required"))?
        .into();
    let navigates = call
        .headers()
        .get("sec-fetch-mode")
        .is_some_and(|mode| mode == "navigate");
    if navigates {
        let page = verify_email::page(&call.kw, &code);
        return Ok(HttpResponse::SeeOther()
            .insert_header((LOCATION, page))
            .finish());
    }
    let client = call.client();
    call.on_store(move |kw| verify_email::verify_email(kw, &code, &client))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /users/invite {"email","role","invite_url"?}` (Directus): one address or several. 204,
/// whether they have accounts or not (E12).
pub async fn invite(mut call: Call, actor: Actor) -> Answer<Directus> {
    let fields = call.fields().await?;
    fields.only(&["email", "role", "invite_url", "language"])?;
    let invitation = ServiceInvitation {
        emails: addresses(&fields)?,
        // An empty one is none, as the original's forms send it.
        role: fields
            .optional("role")?
            .filter(|role| !role.is_empty())
            .map(str::to_owned),
        wish: call.wish(&fields, "invite_url")?,
        has_account: HasAccount::OwnerIsTold,
    };
    call.on_store(move |kw| to_service::invite(kw, &actor, invitation))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn addresses(fields: &Fields) -> Result<Vec<Email>> {
    let read = |value: &Value| {
        let email = value.as_str().and_then(Email::parse);
        email.ok_or_else(|| Error::payload("\"email\" must be a valid email"))
    };
    match fields.value("email") {
        Some(Value::Array(list)) if (1..=MOST).contains(&list.len()) => {
            list.iter().map(read).collect()
        }
        Some(Value::Array(_)) => Err(Error::payload("\"email\" must hold 1 to 100 addresses")),
        Some(value) if !value.is_null() => Ok(vec![read(value)?]),
        _ => Err(Error::payload("\"email\" is required")),
    }
}

/// `POST /users/invite/accept {"token","password"}` (Directus).
pub async fn accept(mut call: Call) -> Answer<Directus> {
    let fields = call.fields().await?;
    let choice = Choice {
        code: fields.required("token")?.into(),
        password: new_password(&fields, "password")?,
        client: call.client(),
    };
    call.on_password(move |kw, seat| accept::with_password(kw, seat, &choice))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
