//! Routes of `keyward serve --test-mode` alone: integrators move the clock and see
//! tokens expire in milliseconds, and read what was mailed.

use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use serde_json::json;

use crate::config::parse_duration;
use crate::http::error_response::{Answer, Keyward};
use crate::http::request::call::Call;
use crate::service::Error;
use crate::service::mail::deliver;

/// `GET /test/clock`.
pub async fn clock(call: Call) -> Answer<Keyward> {
    Ok(HttpResponse::Ok().json(json!({ "now": call.kw.clock.now().iso() })))
}

/// `POST /test/clock {"advance":"15m"}`.
pub async fn advance(mut call: Call) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["advance"])?;
    let by = parse_duration(fields.required("advance")?)
        .map_err(|wanted| Error::payload(format!("\"advance\" must be {wanted}")))?;
    call.kw.clock.advance(by);
    call.on_store(|kw| Ok::<_, Error>(kw.store.note_moved_clock(kw.clock.moved())?))
        .await?;
    clock(call).await
}

/// How long a mail that the worker has in hand is waited for.
const IN_HAND: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// `GET /test/mail`: delivers what is due, and lists what was sent, oldest first.
pub async fn mail(call: Call) -> Answer<Keyward> {
    let came = Instant::now();
    while !call.on_store(deliver::is_settled).await? && came.elapsed() < IN_HAND {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let sent = call.kw.mailer.kept().into_iter().map(|mail| {
        json!({
            "to": mail.to,
            "subject": mail.subject,
            "purpose": mail.purpose.as_str(),
            "text": mail.text,
            "html": mail.html,
            "message_id": mail.message_id,
            "sent_at": mail.sent_at.iso(),
        })
    });
    Ok(HttpResponse::Ok().json(sent.collect::<Vec<_>>()))
}
