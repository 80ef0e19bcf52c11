//! The second factor, in Keyward's own words.

use actix_web::HttpResponse;
use serde_json::json;

use crate::http::answer::Answer;
use crate::http::dialect::keyward::Keyward;
use crate::http::request::call::Call;
use crate::http::request::fields::{Fields, new_password as password};
use crate::service::Error;
use crate::service::actor::Actor;
use crate::service::second_factor::enrol::{self, Proof};
use crate::support::secret::SecretString;

/// `POST /auth/mfa/totp {"password"?}`: begins; the secret is shown this once.
pub async fn begin(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["password"])?;
    let typed = match fields.optional("password")? {
        Some(_) => Some(password(&fields, "password")?),
        None => None,
    };
    let enrolment = call
        .on_password(move |kw, seat| enrol::begin(kw, seat, &actor, typed.as_ref()))
        .await?;
    Ok(HttpResponse::Ok().json(json!({
        "secret": enrolment.secret,
        "otpauthUrl": enrolment.url,
        "qrSvg": enrolment.qr_svg,
    })))
}

/// `POST /auth/mfa/totp/confirm {"otp"}`: answers the recovery codes, this once.
pub async fn confirm(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["otp"])?;
    let otp: SecretString = fields.required("otp")?.into();
    let codes = call
        .on_store(move |kw| enrol::confirm(kw, &actor, &otp, None))
        .await?;
    Ok(HttpResponse::Ok().json(json!({ "recoveryCodes": codes })))
}

/// `DELETE /auth/mfa/totp {"password","otp"}`.
pub async fn remove(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["password", "otp"])?;
    let proof = proof(&fields)?;
    call.on_password(move |kw, seat| enrol::remove(kw, seat, &actor, &proof))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /auth/mfa/recovery-codes {"password","otp"}`: ten new ones, this once.
pub async fn recovery_codes(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["password", "otp"])?;
    let proof = proof(&fields)?;
    let codes = call
        .on_password(move |kw, seat| enrol::renew_recovery_codes(kw, seat, &actor, &proof))
        .await?;
    Ok(HttpResponse::Ok().json(json!({ "recoveryCodes": codes })))
}

fn proof(fields: &Fields) -> Result<Proof, Error> {
    Ok(Proof {
        password: Some(password(fields, "password")?),
        second: fields.required("otp")?.into(),
    })
}
