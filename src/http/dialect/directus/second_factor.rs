//! The second factor in the words of Directus.

use actix_web::HttpResponse;
use serde_json::json;

use crate::http::answer::Answer;
use crate::http::dialect::directus::Directus;
use crate::http::request::call::Call;
use crate::http::request::fields::new_password as password;
use crate::service::actor::Actor;
use crate::service::second_factor::confirm::{self, Confirmation};
use crate::service::second_factor::enrol::{self, Shown};
use crate::service::second_factor::own_session::OwnSession;
use crate::service::second_factor::remove;
use crate::service::second_factor::require_proof::RemovalProof;
use crate::service::{Code, Error};

/// `POST /users/me/tfa/generate {"password"}` (Directus). The secret waits here: the
/// original keeps nothing and believes whatever secret comes back.
pub async fn generate(mut call: Call, actor: Actor) -> Answer<Directus> {
    let fields = call.fields().await?;
    let typed = Shown {
        password: password(&fields, "password")?,
        second: None,
    };
    let enrolment = call
        .on_password(move |kw, seat| enrol::begin(kw, seat, &actor, &typed))
        .await
        .map_err(in_its_words)?;
    let body = json!({ "secret": enrolment.secret, "otpauth_url": enrolment.url });
    Ok(HttpResponse::Ok().json(call.web.enveloped(body)))
}

/// `POST /users/me/tfa/enable {"secret","otp"}` (Directus).
pub async fn enable(mut call: Call, actor: Actor) -> Answer<Directus> {
    let fields = call.fields().await?;
    let secret = fields.required("secret")?.into();
    let typed = Confirmation {
        code: fields.required("otp")?.into(),
        secret: Some(secret),
        own_session: OwnSession::GoesOn,
    };
    call.on_store(move |kw| confirm::confirm(kw, &actor, &typed))
        .await
        .map_err(in_its_words)?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /users/me/tfa/disable {"otp"}` (Directus): a code alone, as its clients send.
pub async fn disable(mut call: Call, actor: Actor) -> Answer<Directus> {
    let fields = call.fields().await?;
    let proof = RemovalProof::CodeAlone(fields.required("otp")?.into());
    call.on_password(move |kw, seat| remove::remove(kw, seat, &actor, &proof))
        .await
        .map_err(in_its_words)?;
    Ok(HttpResponse::NoContent().finish())
}

fn in_its_words(error: Error) -> Error {
    match error.code {
        Code::WrongPassword => Error::credentials(),
        Code::WrongOtp | Code::InvalidOtp => Error::payload("\"otp\" is invalid"),
        Code::Conflict => Error::payload("TFA Secret is already set for this user"),
        _ => error,
    }
}
