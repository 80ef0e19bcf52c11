//! The caller's e-mail addresses: adding, changing and removing them, by mailed codes.

use std::time::Instant;

use actix_web::HttpResponse;
use serde_json::json;

use crate::http::answer::Answer;
use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::registration::{token, wish_of_site};
use crate::http::request::call::Call;
use crate::http::request::fields::{Fields, new_password, otp};
use crate::http::request::leave::proof;
use crate::http::request::mail_wishes;
use crate::http::request::profile_fields::required_email;
use crate::service::Result;
use crate::service::accounts::addresses::change::NewEmail;
use crate::service::accounts::addresses::set_primary_or_remove::{self, Deed, no_address};
use crate::service::accounts::addresses::{add, change, undo};
use crate::service::accounts::delete_own_account::PasswordAndCode;
use crate::service::actor::Actor;
use crate::service::mail::mailed_code::Link;
use crate::service::mail::owner_mail::Wish;

/// `POST /auth/email/change {"email","password","otp"?,"verification_url"?}`: 202, whether the
/// address is free or not (E12).
pub async fn change(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let came = Instant::now();
    let new = new_email(&call.fields().await?, &call)?;
    call.on_password(move |kw, seat| change::request(kw, seat, &actor, new))
        .await?;
    call.answer_evenly(came).await;
    Ok(HttpResponse::Accepted().json(json!({ "status": "verification_mailed" })))
}

/// `POST /auth/email/change/confirm {"token"}`.
pub async fn confirm(mut call: Call) -> Answer<Keyward> {
    let fields = call.fields().await?;
    let (code, wish) = (token(&fields)?, wish(&call, &fields)?);
    call.on_store(move |kw| change::confirm(kw, &code, &wish))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /auth/email/change/cancel {"token"}`: undoes whatever was done to addresses.
pub async fn undo(mut call: Call) -> Answer<Keyward> {
    let fields = call.fields().await?;
    let (code, client) = (token(&fields)?, call.client());
    call.on_store(move |kw| undo::undo(kw, &code, &client))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /auth/me/emails {"email","password","otp"?,"verification_url"?}`: 202, whether the
/// address is free or not (E12).
pub async fn add(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let came = Instant::now();
    let new = new_email(&call.fields().await?, &call)?;
    call.on_password(move |kw, seat| add::request(kw, seat, &actor, new))
        .await?;
    call.answer_evenly(came).await;
    Ok(HttpResponse::Accepted().json(json!({ "status": "verification_mailed" })))
}

/// `POST /auth/me/emails/confirm {"token"}`.
pub async fn confirm_added(mut call: Call) -> Answer<Keyward> {
    let fields = call.fields().await?;
    let (code, wish) = (token(&fields)?, wish(&call, &fields)?);
    call.on_store(move |kw| add::confirm(kw, &code, &wish))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /auth/me/emails/{email}/primary {"password","otp"?}`.
pub async fn make_primary(call: Call, actor: Actor) -> Answer<Keyward> {
    on_own(call, actor, Deed::MakePrimary).await
}

/// `DELETE /auth/me/emails/{email} {"password","otp"?}`.
pub async fn remove(call: Call, actor: Actor) -> Answer<Keyward> {
    on_own(call, actor, Deed::Remove).await
}

async fn on_own(mut call: Call, actor: Actor, deed: Deed) -> Answer<Keyward> {
    let fields = call.fields().await?;
    let proof = proof(&fields)?;
    let email = call.path_email().ok_or_else(no_address)?;
    call.on_password(move |kw, seat| {
        set_primary_or_remove::act(kw, seat, &actor, (deed, &email, &proof))
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn new_email(fields: &Fields, call: &Call) -> Result<NewEmail> {
    fields.only(&[
        "email",
        "password",
        "otp",
        "verification_url",
        "language",
        "site",
    ])?;
    Ok(NewEmail {
        email: required_email(fields, "email")?,
        proof: PasswordAndCode {
            password: new_password(fields, "password")?,
            otp: otp(fields)?,
        },
        wish: wish_of_site(call, fields, "verification_url")?,
    })
}

/// How the letter to the address of before goes.
fn wish(call: &Call, fields: &Fields) -> Result<Wish> {
    Ok(Wish {
        link: Link::OwnPage,
        language: fields.optional("language")?.map(str::to_owned),
        site: mail_wishes::site(fields)?,
        client: call.client(),
    })
}
