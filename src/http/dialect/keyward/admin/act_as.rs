//! `/admin/accounts/{id}/act-as`.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use serde_json::{Value, json};

use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::admin::account;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::fields::Fields;
use crate::http::response_bodies::put_access;
use crate::service::accounts::act_as::{Request, act_as};
use crate::service::actor::Actor;
use crate::service::policy::ACTING;
use crate::service::{Error, Result};

/// Seconds, where none are asked for.
const USUAL: u64 = 900;

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

fn reason(fields: &Fields) -> Result<String> {
    let text = fields.required("reason")?.trim();
    if text.is_empty() || text.chars().count() > 500 || text.contains(char::is_control) {
        return Err(Error::payload(
            "\"reason\" must say why, in at most 500 characters of one line: it is kept in the \
             audit log",
        ));
    }
    Ok(text.to_owned())
}

fn life(fields: &Fields) -> Result<Duration> {
    let most = ACTING.as_secs();
    let seconds = match fields.value("expiresIn") {
        None | Some(Value::Null) => Some(USUAL),
        Some(value) => value.as_u64().filter(|it| (60..=most).contains(it)),
    };
    seconds.map(Duration::from_secs).ok_or_else(|| {
        Error::payload(format!(
            "\"expiresIn\" must be a number of seconds from 60 to {most}"
        ))
    })
}
