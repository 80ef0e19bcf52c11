//! `/admin/accounts/{id}/…`: how an account is signed in to.

use actix_web::HttpResponse;
use serde_json::json;

use crate::domain::id::SessionId;
use crate::domain::identifier::Email;
use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::admin::{account, limit, page};
use crate::http::dialect::keyward::roles::role;
use crate::http::dialect::keyward::sessions::render;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::fields::new_password;
use crate::http::request::query;
use crate::service::accounts::{administer, reset_password, show_to_administrator};
use crate::service::actor::Actor;
use crate::service::{Code, Error};

/// `POST /admin/accounts/{id}/password {"password"}`: ends every session of it.
pub async fn set_password(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["password"])?;
    let password = new_password(&fields, "password")?;
    let id = account(&call);
    call.on_password(move |kw, seat| {
        administer::choose_password((kw, &actor), seat, id, &password)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /admin/password-reset-link {"email","redirectUrl"?,"language"?}`: a link by which somebody
/// chooses a password, to hand on (rows P-22, P-23). No mail is sent.
pub async fn reset_link(mut call: Call, actor: Actor) -> Answer<Keyward> {
    reset_password::require_link(&call.kw, &actor)?;
    let fields = call.fields().await?;
    fields.only(&["email", "redirectUrl", "language"])?;
    let email = Email::parse(fields.required("email")?);
    let wish = call.wish(&fields, "redirectUrl")?;
    let link = call
        .on_store(move |kw| reset_password::link(kw, &actor, email.as_ref(), &wish))
        .await?;
    let missing = || Error::new(Code::NotFound, "Nobody who may sign in has that address.");
    Ok(HttpResponse::Ok().json(json!({ "link": link.ok_or_else(missing)? })))
}

/// `POST /admin/accounts/{id}/unlock`: who waits after wrong guesses waits no longer.
pub async fn unlock(call: Call, actor: Actor) -> Answer<Keyward> {
    let id = account(&call);
    call.on_store(move |kw| {
        let account = administer::by_id(kw, id)?;
        administer::unlock((kw, &actor), &account)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /admin/accounts/{id}/second-factor`: ends every session of it.
pub async fn reset_factor(call: Call, actor: Actor) -> Answer<Keyward> {
    let id = account(&call);
    call.on_store(move |kw| administer::reset_factor((kw, &actor), id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /admin/accounts/{id}/sessions`: the living ones, youngest first.
pub async fn sessions(call: Call, actor: Actor) -> Answer<Keyward> {
    let id = account(&call);
    let sessions = call
        .on_store(move |kw| administer::living_sessions_of(kw, id))
        .await?;
    let rows = sessions.iter().map(|session| render(session, &actor));
    Ok(HttpResponse::Ok().json(page(rows, None::<String>)))
}

/// `DELETE /admin/accounts/{id}/sessions`: all of them.
pub async fn end_sessions(call: Call, actor: Actor) -> Answer<Keyward> {
    let id = account(&call);
    call.on_store(move |kw| administer::revoke_sessions((kw, &actor), id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /admin/accounts/{id}/sessions/{session}`.
pub async fn end_session(call: Call, actor: Actor) -> Answer<Keyward> {
    let id = account(&call);
    let session: SessionId = call
        .path_part("session")
        .parse()
        .map_err(|_| Error::new(Code::NotFound, "There is no such session."))?;
    call.on_store(move |kw| administer::end_session((kw, &actor), id, session))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /admin/accounts/{id}/login-attempts?limit=`: youngest first (row Y-17).
pub async fn attempts(call: Call, _: Actor) -> Answer<Keyward> {
    let id = account(&call);
    let limit = limit(&query::fields(&call, &["limit"])?)?;
    let attempts = call
        .on_store(move |kw| show_to_administrator::attempts(kw, id, limit))
        .await?;
    let rows = attempts.iter().map(|attempt| {
        json!({
            "at": attempt.at,
            "outcome": attempt.outcome,
            "by": attempt.dialect,
            "address": attempt.address,
            "device": attempt.user_agent,
        })
    });
    Ok(HttpResponse::Ok().json(page(rows, None::<String>)))
}

/// `PUT /admin/accounts/{id}/roles/{role}`: seen after the next refresh.
pub async fn grant(call: Call, actor: Actor) -> Answer<Keyward> {
    let (id, role) = (account(&call), role(&call)?);
    call.on_store(move |kw| administer::grant_role((kw, &actor), id, &role))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /admin/accounts/{id}/roles/{role}`: effective within a second.
pub async fn take(call: Call, actor: Actor) -> Answer<Keyward> {
    let (id, role) = (account(&call), role(&call)?);
    let had = call
        .on_store(move |kw| administer::take_role((kw, &actor), id, &role))
        .await?;
    if !had {
        let message = "The account has not that role.";
        return Err(Error::new(Code::NotFound, message).into());
    }
    Ok(HttpResponse::NoContent().finish())
}
