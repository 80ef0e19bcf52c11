//! `/admin/accounts/{id}/act-as`.

use actix_web::HttpResponse;
use actix_web::http::header;
use serde_json::{Value, json};

use crate::domain::rights::acting::{ActingLife, ActingReason};
use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::admin::account;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::fields::{Fields, whole};
use crate::http::response_bodies::put_access;
use crate::service::accounts::act_as::{Request, act_as};
use crate::service::actor::Actor;
use crate::service::{Error, Result};

/// `POST /admin/accounts/{id}/act-as {"reason","expiresIn"?}`: one access token for the account.
pub async fn begin(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["reason", "expiresIn"])?;
    let request = Request {
        account: account(&call),
        reason: reason(&fields)?,
        life: life(&fields)?,
    };
    let by = actor.account();
    let tokens = call.on_store(move |kw| act_as(kw, &actor, request)).await?;
    let mut body = json!({
        "session": tokens.session,
        "account": tokens.account,
        "actor": by,
    });
    put_access(&mut body, &tokens);
    Ok(HttpResponse::Ok()
        .insert_header((header::PRAGMA, "no-cache"))
        .json(body))
}

fn reason(fields: &Fields) -> Result<ActingReason> {
    ActingReason::parse(fields.required("reason")?).ok_or_else(|| {
        Error::payload(
            "\"reason\" must say why, in at most 500 characters of one line: it is kept in the \
             audit log",
        )
    })
}

fn life(fields: &Fields) -> Result<ActingLife> {
    let life = match fields.value("expiresIn") {
        None | Some(Value::Null) => Some(ActingLife::USUAL),
        Some(value) => whole(value)
            .and_then(|seconds| u64::try_from(seconds).ok())
            .and_then(ActingLife::of_seconds),
    };
    life.ok_or_else(|| {
        let (least, most) = ActingLife::SECONDS;
        Error::payload(format!(
            "\"expiresIn\" must be a number of seconds from {least} to {most}"
        ))
    })
}
