//! The second factor, in Keyward's own words and in those of Directus.

use actix_web::HttpResponse;
use serde_json::json;

use crate::http::dialect::Answer;
use crate::http::dialect::directus::{Directus, enveloped};
use crate::http::dialect::keyward::Own;
use crate::http::dialect::keyward::password;
use crate::http::request::call::Call;
use crate::service::second_factor::enrol;
use crate::service::{Code, Error};
use crate::support::secret::SecretString;

/// `POST /auth/mfa/totp {"password"?}`: begins; the secret is shown this once.
pub async fn begin(mut call: Call) -> Answer<Own> {
    let principal = call.principal()?;
    let fields = call.fields().await?;
    fields.only(&["password"])?;
    let typed = match fields.optional("password")? {
        Some(_) => Some(password(&fields, "password")?),
        None => None,
    };
    let prover = call.prover();
    let enrolment = call
        .on_password(move |kw, seat| enrol::begin(kw, seat, &principal, typed.as_ref(), &prover))
        .await?;
    Ok(HttpResponse::Ok().json(json!({
        "secret": enrolment.secret,
        "otpauthUrl": enrolment.url,
        "qrSvg": enrolment.qr_svg,
        "qrPng": enrolment.qr_png,
    })))
}

/// `POST /auth/mfa/totp/confirm {"otp"}`: answers the recovery codes, this once.
pub async fn confirm(mut call: Call) -> Answer<Own> {
    let principal = call.principal()?;
    let fields = call.fields().await?;
    fields.only(&["otp"])?;
    let otp: SecretString = fields.required("otp")?.into();
    let prover = call.prover();
    let codes = call
        .on_store(move |kw| enrol::confirm(kw, &principal, &otp, None, &prover))
        .await?;
    Ok(HttpResponse::Ok().json(json!({ "recoveryCodes": codes })))
}

/// `DELETE /auth/mfa/totp {"password","otp"}`.
pub async fn remove(mut call: Call) -> Answer<Own> {
    let principal = call.principal()?;
    let fields = call.fields().await?;
    fields.only(&["password", "otp"])?;
    let typed = password(&fields, "password")?;
    let otp: SecretString = fields.required("otp")?.into();
    let prover = call.prover();
    call.on_password(move |kw, seat| {
        enrol::disable(kw, seat, &principal, Some(&typed), &otp, &prover)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /auth/mfa/recovery-codes {"password","otp"}`: ten new ones, this once.
pub async fn recovery_codes(mut call: Call) -> Answer<Own> {
    let principal = call.principal()?;
    let fields = call.fields().await?;
    fields.only(&["password", "otp"])?;
    let typed = password(&fields, "password")?;
    let otp: SecretString = fields.required("otp")?.into();
    let prover = call.prover();
    let codes = call
        .on_password(move |kw, seat| {
            enrol::renew_recovery_codes(kw, seat, &principal, &typed, &otp, &prover)
        })
        .await?;
    Ok(HttpResponse::Ok().json(json!({ "recoveryCodes": codes })))
}

/// `POST /users/me/tfa/generate {"password"}` (Directus). The secret waits here: the
/// original keeps nothing and believes whatever secret comes back.
pub async fn tfa_generate(mut call: Call) -> Answer<Directus> {
    let principal = call.principal()?;
    let fields = call.fields().await?;
    let typed = password(&fields, "password")?;
    let prover = call.prover();
    let enrolment = call
        .on_password(move |kw, seat| enrol::begin(kw, seat, &principal, Some(&typed), &prover))
        .await
        .map_err(|error| match error.code {
            Code::Conflict => Error::payload("TFA Secret is already set for this user"),
            _ => error,
        })?;
    let body = json!({ "secret": enrolment.secret, "otpauth_url": enrolment.url });
    Ok(HttpResponse::Ok().json(enveloped(&call.web, body)))
}

/// `POST /users/me/tfa/enable {"secret","otp"}` (Directus).
pub async fn tfa_enable(mut call: Call) -> Answer<Directus> {
    let principal = call.principal()?;
    let fields = call.fields().await?;
    let secret: SecretString = fields.required("secret")?.into();
    let otp: SecretString = fields.required("otp")?.into();
    let prover = call.prover();
    call.on_store(move |kw| enrol::confirm(kw, &principal, &otp, Some(&secret), &prover))
        .await
        .map_err(in_words_of_directus)?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /users/me/tfa/disable {"otp"}` (Directus): a code alone, as its clients send.
pub async fn tfa_disable(mut call: Call) -> Answer<Directus> {
    let principal = call.principal()?;
    let fields = call.fields().await?;
    let otp: SecretString = fields.required("otp")?.into();
    let prover = call.prover();
    call.on_password(move |kw, seat| enrol::disable(kw, seat, &principal, None, &otp, &prover))
        .await
        .map_err(in_words_of_directus)?;
    Ok(HttpResponse::NoContent().finish())
}

fn in_words_of_directus(error: Error) -> Error {
    match error.code {
        Code::InvalidOtp => {
            let why = error.message.trim_start_matches("Invalid user OTP. ");
            Error::payload(format!("\"otp\" is invalid: {}", why.trim_end_matches('.')))
        }
        Code::Conflict => Error::payload("TFA Secret is already set for this user"),
        _ => error,
    }
}
