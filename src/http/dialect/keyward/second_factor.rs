//! The second factor, in Keyward's own words.

use actix_web::HttpResponse;
use serde_json::json;

use crate::http::answer::Answer;
use crate::http::dialect::keyward::Keyward;
use crate::http::render;
use crate::http::request::call::Call;
use crate::http::request::fields::{Fields, new_password as password};
use crate::service::Error;
use crate::service::actor::Actor;
use crate::service::second_factor::confirm::{self, Confirmation, Confirmed};
use crate::service::second_factor::enrol::{self, Shown};
use crate::service::second_factor::own_session::OwnSession;
use crate::service::second_factor::require_proof::{Proof, RemovalProof};
use crate::service::second_factor::{recovery_codes as codes, remove};

/// `POST /auth/mfa/totp {"password","otp"?}`: begins; the secret is shown this once.
pub async fn begin(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["password", "otp"])?;
    let typed = Shown {
        password: password(&fields, "password")?,
        second: match fields.optional("otp")? {
            Some(_) => Some(fields.required("otp")?.into()),
            None => None,
        },
    };
    let enrolment = call
        .on_password(move |kw, seat| enrol::begin(kw, seat, &actor, &typed))
        .await?;
    Ok(HttpResponse::Ok().json(json!({
        "secret": enrolment.secret,
        "otpauthUrl": enrolment.url,
        "qrSvg": enrolment.qr_svg,
    })))
}

/// `POST /auth/mfa/totp/confirm {"otp"}`: answers the recovery codes, this once, and the
/// tokens of a new session.
pub async fn confirm(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["otp"])?;
    let typed = Confirmation {
        code: fields.required("otp")?.into(),
        secret: None,
        own_session: OwnSession::Renewed,
    };
    let Confirmed {
        recovery_codes,
        renewed,
    } = call
        .on_store(move |kw| confirm::confirm(kw, &actor, &typed))
        .await?;
    let codes = json!({ "recoveryCodes": recovery_codes });
    Ok(match renewed {
        Some(renewed) => render::tokens_with(&call, &renewed.tokens, renewed.mode, codes),
        None => HttpResponse::Ok().json(codes),
    })
}

/// `DELETE /auth/mfa/totp {"password","otp"}`: answers the tokens of a new session.
pub async fn remove(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["password", "otp"])?;
    let proof = RemovalProof::PasswordAndCode(proof(&fields)?);
    let renewed = call
        .on_password(move |kw, seat| remove::remove(kw, seat, &actor, &proof))
        .await?;
    Ok(match renewed {
        Some(renewed) => render::tokens(&call, &renewed.tokens, renewed.mode, None),
        None => HttpResponse::NoContent().finish(),
    })
}

/// `POST /auth/mfa/recovery-codes {"password","otp"}`: ten new ones, this once.
pub async fn recovery_codes(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["password", "otp"])?;
    let proof = proof(&fields)?;
    let codes = call
        .on_password(move |kw, seat| codes::renew(kw, seat, &actor, &proof))
        .await?;
    Ok(HttpResponse::Ok().json(json!({ "recoveryCodes": codes })))
}

fn proof(fields: &Fields) -> Result<Proof, Error> {
    Ok(Proof {
        password: password(fields, "password")?,
        second: fields.required("otp")?.into(),
    })
}
