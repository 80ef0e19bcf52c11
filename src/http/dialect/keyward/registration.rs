//! Registering, proving an e-mail address, and a forgotten password, by mailed codes.

use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use serde_json::json;

use crate::domain::identifier::Email;
use crate::http::dialect::keyward::Keyward;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::fields::{Fields, new_password};
use crate::http::request::mail_wishes;
use crate::http::request::profile_fields::{CAMEL, edit, email, emails};
use crate::service::Result;
use crate::service::accounts::register::{self, Registration};
use crate::service::accounts::reset_password::{self, Choice};
use crate::service::accounts::verify_email;
use crate::service::mail::owner_mail::Wish;
use crate::support::secret::SecretString;

/// `POST /auth/register`: 201 with the account where it has a username alone; 202 where there
/// is an address to prove, whether it has an account or not (E7).
pub async fn register(mut call: Call) -> Answer<Keyward> {
    let came = Instant::now();
    let fields = call.fields().await?;
    fields.only(&CAMEL.with(&["email", "emails", "password", "verification_url", "site"]))?;
    let email = email(&fields, "email")?;
    let new = Registration {
        email: email.clone(),
        password: new_password(&fields, "password")?,
        edit: edit(&fields, &CAMEL, call.kw.clock.now())?,
        more: emails(&fields)?,
        wish: wish_of_site(&call, &fields, "verification_url")?,
        tells: false,
        guest: call.guest()?,
    };
    let made = call
        .on_password(move |kw, seat| register::register(kw, seat, new))
        .await?;
    call.answer_evenly(came).await;
    Ok(match (email, made) {
        (None, Some(account)) => {
            HttpResponse::Created().json(json!({ "id": account.id, "status": "registered" }))
        }
        _ => HttpResponse::Accepted().json(json!({ "status": "verification_mailed" })),
    })
}

/// `POST /auth/email/verify {"token"}`.
pub async fn verify(mut call: Call) -> Answer<Keyward> {
    let fields = call.fields().await?;
    let (code, client) = (token(&fields)?, call.client());
    call.on_store(move |kw| verify_email::verify_email(kw, &code, &client))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /auth/email/verify/request {"email","verification_url"?}`: the code once more. 204
/// whoever it is.
pub async fn verify_again(mut call: Call) -> Answer<Keyward> {
    let came = Instant::now();
    let fields = call.fields().await?;
    let wish = wish_of_site(&call, &fields, "verification_url")?;
    if let Some(email) = Email::parse(fields.required("email")?) {
        call.on_store(move |kw| verify_email::request(kw, &email, &wish))
            .await?;
    }
    call.answer_evenly(came).await;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /auth/password/request {"email","reset_url"?}` (rows D-41): 204 for every text (E6).
pub async fn request_reset(mut call: Call) -> Answer<Keyward> {
    let came = Instant::now();
    let fields = call.fields().await?;
    let wish = wish_of_site(&call, &fields, "reset_url")?;
    if let Some(email) = Email::parse(fields.required("email")?) {
        call.on_store(move |kw| reset_password::request(kw, &email, &wish))
            .await?;
    }
    call.answer_evenly(came).await;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /auth/password/reset {"token","password"}` (row D-41). `Location` is where a link that an
/// administrator was given goes on to (row P-24).
pub async fn reset(mut call: Call) -> Answer<Keyward> {
    let fields = call.fields().await?;
    let choice = choice(&call, &fields)?;
    let next = call
        .on_password(move |kw, seat| reset_password::reset(kw, seat, &choice))
        .await?;
    let mut response = HttpResponse::NoContent();
    if let Some(next) = next {
        response.insert_header((LOCATION, next.as_str()));
    }
    Ok(response.finish())
}

/// How the caller wants a mail, with the site that the body may name.
pub(super) fn wish_of_site(call: &Call, fields: &Fields, url: &str) -> Result<Wish> {
    let site = mail_wishes::site(fields)?;
    let wish = call.wish(fields, url)?;
    Ok(Wish { site, ..wish })
}

pub(super) fn token(fields: &Fields) -> Result<SecretString> {
    Ok(fields.required("token")?.into())
}

fn choice(call: &Call, fields: &Fields) -> Result<Choice> {
    Ok(Choice {
        code: token(fields)?,
        password: new_password(fields, "password")?,
        client: call.client(),
    })
}
