//! The users API of the original (row O-33). A user reaches its own id and its own address;
//! everybody else's are 404, as are those that nobody has.

use std::borrow::Cow;
use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::SET_COOKIE;
use serde_json::{Map, Value, json};

use crate::domain::account::Account;
use crate::domain::identifier::{Email, Identifier};
use crate::domain::profile;
use crate::domain::session::Mode;
use crate::http::dialect::oisp::Oisp;
use crate::http::error_response::{Answer, Refusal, Shape};
use crate::http::request::call::Call;
use crate::http::request::fields::{Fields, new_password, otp};
use crate::http::request::profile_fields::email;
use crate::http::request::{cookie_headers, delete_own_account};
use crate::http::response_bodies;
use crate::service::accounts::change_password::{NewPassword, change_password_of};
use crate::service::accounts::profile_edit::Edit;
use crate::service::accounts::register::{self, Registration};
use crate::service::accounts::reset_password::{self, Choice};
use crate::service::accounts::{change_profile, profile as own_profile, verify_email};
use crate::service::actor::Actor;
use crate::service::{Code, Error, Result};
use crate::support::secret::ExposeSecret as _;

/// `POST /v1/api/users {"email","password","attributes"?,"termsAndConditions"?}`: 201 with the
/// user. As the original it tells that an address has an account.
pub async fn add(mut call: Call) -> Answer<Oisp> {
    let fields = call.fields().await?;
    fields.only(&[
        "email",
        "password",
        "attributes",
        "termsAndConditions",
        "verification_url",
        "language",
    ])?;
    let address = email(&fields, "email")?;
    let edit = edit(&fields)?;
    let attributes = edit.attributes.clone().unwrap_or_default();
    let new = Registration {
        email: Some(address.ok_or_else(|| Error::payload("\"email\" is required"))?),
        password: new_password(&fields, "password")?,
        edit,
        more: Vec::new(),
        wish: call.wish(&fields, "verification_url")?,
        tells: true,
        guest: call.guest()?,
    };
    let made = call
        .on_password(move |kw, seat| register::register(kw, seat, new))
        .await?;
    let account = made.ok_or_else(|| Error::defect("a registration that tells told nothing"))?;
    Ok(HttpResponse::Created().json(user(&account, attributes)))
}

/// The original's default, in seconds: after so long a silence a device counts as ill there. No
/// device is known here, and its clients read the number.
const HEALTH_TIME_PERIOD: u32 = 86_400;

/// `GET /v1/api/users/{id}`.
pub async fn get(call: Call, actor: Actor) -> Answer<Oisp> {
    actor.require_self(&id(&call, &actor))?;
    let (account, profile, organizations) = call
        .on_store(move |kw| own_profile::with_organizations(kw, &actor))
        .await?;
    let mut user = user(&account, profile.attributes);
    for it in organizations {
        user["accounts"][it.id.to_string()] = json!({
            "name": it.name, "role": it.role, "healthTimePeriod": HEALTH_TIME_PERIOD,
        });
    }
    Ok(HttpResponse::Ok().json(user))
}

/// `PUT /v1/api/users/{id} {"attributes"?,"termsAndConditions"?}`: the attributes become these,
/// whole.
pub async fn update(mut call: Call, actor: Actor) -> Answer<Oisp> {
    let fields = call.fields().await?;
    fields.only(&["id", "attributes", "termsAndConditions"])?;
    let edit = edit(&fields)?;
    let named = fields.optional("id")?;
    actor.require_self(&id(&call, &actor))?;
    if named.is_some_and(|named| named != actor.account().to_string()) {
        return Err(Error::payload("\"id\" is not the one of the path").into());
    }
    call.on_store(move |kw| change_profile::change_profile(kw, &actor, edit))
        .await?;
    Ok(HttpResponse::Ok().finish())
}

/// The original has a code for who can not leave, and no other conflict.
#[derive(Debug)]
pub struct Leaving;

impl Shape for Leaving {
    fn status(refusal: &Refusal) -> StatusCode {
        match refusal.act() {
            Some(Code::Conflict) => StatusCode::FORBIDDEN,
            _ => Oisp::status(refusal),
        }
    }

    fn body(refusal: &Refusal) -> Value {
        match refusal.act() {
            Some(Code::Conflict) => {
                let message = format!("User cannot be removed. {}", refusal.message());
                json!({ "code": 2421, "message": message })
            }
            _ => Oisp::body(refusal),
        }
    }
}

/// `DELETE /v1/api/users/{id}`: 204. By `{"password","otp"?}`, or, as the original's clients ask,
/// by the token alone within five minutes of its sign-in (docs/decisions/0087).
pub async fn delete(mut call: Call, actor: Actor) -> Answer<Leaving> {
    let fields = call.fields().await?;
    let proof = if fields.is_empty() {
        None
    } else {
        Some(delete_own_account::proof(&fields)?)
    };
    actor.require_self(&id(&call, &actor))?;
    Ok(delete_own_account::by(&call, actor, proof).await?)
}

/// `POST /v1/api/users/forgot_password {"email"}`: 200 for every text (E6).
pub async fn request_reset(mut call: Call) -> Answer<Oisp> {
    let came = Instant::now();
    let fields = call.fields().await?;
    fields.only(&["email", "reset_url", "language"])?;
    let wish = call.wish(&fields, "reset_url")?;
    if let Some(email) = Email::parse(fields.required("email")?) {
        call.on_store(move |kw| reset_password::request(kw, &email, &wish))
            .await?;
    }
    call.answer_evenly(came).await;
    Ok(HttpResponse::Ok().finish())
}

/// `PUT /v1/api/users/forgot_password {"token","password"}`.
pub async fn reset(mut call: Call) -> Answer<Oisp> {
    let fields = call.fields().await?;
    fields.only(&["token", "password"])?;
    let choice = Choice {
        code: fields.required("token")?.into(),
        password: new_password(&fields, "password")?,
        client: call.client(),
    };
    call.on_password(move |kw, seat| reset_password::reset(kw, seat, &choice))
        .await?;
    Ok(HttpResponse::Ok().finish())
}

/// `POST /v1/api/users/request_user_activation {"email"}`: 200 for every text (E6).
pub async fn request_activation(mut call: Call) -> Answer<Oisp> {
    let came = Instant::now();
    let fields = call.fields().await?;
    fields.only(&["email", "verification_url", "language"])?;
    let wish = call.wish(&fields, "verification_url")?;
    if let Some(email) = Email::parse(fields.required("email")?) {
        call.on_store(move |kw| verify_email::request(kw, &email, &wish))
            .await?;
    }
    call.answer_evenly(came).await;
    Ok(HttpResponse::Ok().finish())
}

/// The original has other words for a token that activates nobody.
#[derive(Debug)]
pub struct Activation;

impl Shape for Activation {
    fn status(refusal: &Refusal) -> StatusCode {
        Oisp::status(refusal)
    }

    fn body(refusal: &Refusal) -> Value {
        match refusal.act() {
            Some(Code::InvalidCode) => {
                json!({ "code": 2602, "message": "Could not activate user" })
            }
            _ => Oisp::body(refusal),
        }
    }
}

/// `POST /v1/api/users/activate {"token"}`.
pub async fn activate(mut call: Call) -> Answer<Activation> {
    let fields = call.fields().await?;
    fields.only(&["token"])?;
    let (code, client) = (fields.required("token")?.into(), call.client());
    call.on_store(move |kw| verify_email::verify_email(kw, &code, &client))
        .await?;
    Ok(HttpResponse::Ok().finish())
}

/// `PUT /v1/api/users/{email}/change_password {"currentpwd","password","otp"?}`: every session
/// ends, and the answer has the tokens of another. The original answers the passwords.
pub async fn change_password(mut call: Call, actor: Actor) -> Answer<Oisp> {
    let fields = call.fields().await?;
    fields.only(&["currentpwd", "password", "otp"])?;
    let named = call.path_text("email");
    let named = named.and_then(|named| Identifier::parse(&named));
    let typed = NewPassword {
        present: new_password(&fields, "currentpwd")?,
        new: new_password(&fields, "password")?,
        otp: otp(&fields)?,
    };
    let renewed = call
        .on_password(move |kw, seat| change_password_of(kw, seat, &actor, (named.as_ref(), &typed)))
        .await?;
    let tokens = &renewed.tokens;
    let mut body = json!({ "token": tokens.access.expose_secret() });
    let mut response = HttpResponse::Ok();
    match renewed.mode {
        Mode::Json => body["refreshToken"] = json!(tokens.refresh.expose_secret()),
        Mode::Cookie => {
            for cookie in cookie_headers::of_session(&call.web, tokens, call.kw.clock.now()) {
                response.append_header((SET_COOKIE, cookie));
            }
        }
    }
    Ok(response.json(body))
}

/// The original's `me` is the caller's own id.
fn id<'a>(call: &'a Call, actor: &'a Actor) -> Cow<'a, str> {
    match call.path_part("id") {
        "me" => actor.account().to_string().into(),
        id => id.into(),
    }
}

fn edit(fields: &Fields) -> Result<Edit> {
    let attributes = fields.value("attributes").map(profile::attributes);
    let attributes = attributes
        .transpose()
        .map_err(|why| Error::payload(format!("\"attributes\" {why}")))?;
    Ok(Edit {
        attributes,
        accepts_terms: fields.is_true("termsAndConditions")?,
        ..Edit::default()
    })
}

/// A user as the original shows it, who is in no organization yet.
fn user(account: &Account, attributes: Map<String, Value>) -> Value {
    let mut user = response_bodies::account(account);
    user["accounts"] = json!({});
    user["attributes"] = Value::Object(attributes);
    user
}
