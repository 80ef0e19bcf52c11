//! `/auth/step-up`.

use actix_web::HttpResponse;
use actix_web::http::header;
use serde_json::json;

use crate::http::dialect::keyward::Keyward;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::fields::{new_password, otp};
use crate::http::response_bodies::put_access;
use crate::service::actor::Actor;
use crate::service::sessions::step_up::{self, Shown};

/// `POST /auth/step-up {"password"?,"otp"?}`: another access token of the same session. The
/// refresh token stays.
pub async fn step_up(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["password", "otp"])?;
    let shown = Shown {
        password: match fields.optional("password")? {
            Some(_) => Some(new_password(&fields, "password")?),
            None => None,
        },
        otp: otp(&fields)?,
    };
    let tokens = call
        .on_password(move |kw, seat| step_up::step_up(kw, seat, &actor, &shown))
        .await?;
    let mut body = json!({});
    put_access(&mut body, &tokens);
    Ok(HttpResponse::Ok()
        .insert_header((header::PRAGMA, "no-cache"))
        .json(call.web.enveloped(body)))
}
