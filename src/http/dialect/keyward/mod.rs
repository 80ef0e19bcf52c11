//! Keyward's own dialect: what none of the five has a word for. Times are epoch
//! milliseconds, as in seed O's account.

pub mod second_factor;
pub mod sessions;

use actix_web::HttpResponse;
use serde_json::{Value, json};

use crate::domain::password::{LONGEST, Password, Unusable};
use crate::http::dialect::directus::Directus;
use crate::http::dialect::{Answer, Shape, oisp};
use crate::http::request::call::Call;
use crate::http::request::fields::Fields;
use crate::service::Error;
use crate::service::accounts::change_password::change_password;
use crate::service::accounts::profile;

#[derive(Debug)]
pub struct Own;

impl Shape for Own {
    fn body(error: &Error) -> Value {
        Directus::body(error)
    }
}

/// `GET /auth/me`: seed O's body, and what the token lets its holder do (decision 11).
pub async fn me(call: Call) -> Answer<Own> {
    let principal = call.principal()?;
    let caller = principal.clone();
    let (account, second) = call
        .on_store(move |kw| profile::with_factor(kw, &caller))
        .await?;
    let claims = &principal.claims;
    let mut body = oisp::user(&account);
    body["username"] = json!(account.username);
    body["role"] = json!(claims.roles.first());
    body["roles"] = json!(claims.roles);
    body["permissions"] = json!(claims.permissions);
    body["organizationId"] = json!(claims.org);
    body["isAnonymous"] = json!(claims.anon);
    body["mfaEnabled"] = json!(second);
    Ok(HttpResponse::Ok().json(body))
}

/// `POST /auth/password/change {"currentPassword","newPassword"}`: ends the caller's
/// other sessions.
pub async fn change(mut call: Call) -> Answer<Own> {
    let principal = call.principal()?;
    let fields = call.fields().await?;
    fields.only(&["currentPassword", "newPassword"])?;
    let present = password(&fields, "currentPassword")?;
    let new = password(&fields, "newPassword")?;
    let prover = call.prover();
    call.on_password(move |kw, seat| {
        change_password(kw, seat, &principal, &present, &new, &prover)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A password to be compared or set: here a NUL is told.
fn password(fields: &Fields, name: &str) -> Result<Password, Error> {
    Password::parse(fields.required(name)?).map_err(|unusable| {
        Error::payload(match unusable {
            Unusable::Empty => format!("\"{name}\" is not allowed to be empty"),
            Unusable::ContainsNul => format!("\"{name}\" must not hold a NUL"),
            Unusable::TooLong => {
                format!("\"{name}\" length must be less than or equal to {LONGEST} characters long")
            }
        })
    })
}
