//! `/admin/audit-events`.

use actix_web::HttpResponse;

use crate::domain::event::What;
use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::admin::{after, limit, page};
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::query;
use crate::service::actor::Actor;
use crate::service::audit::list::{self as audit, Filter};
use crate::service::{Error, Result};
use crate::support::clock::Timestamp;
use crate::support::page::Page;

/// `GET /admin/audit-events?account=&event=&organization=&since=&after=&limit=`: youngest first.
pub async fn list(call: Call, _: Actor) -> Answer<Keyward> {
    let query = query::fields(
        &call,
        &[
            "account",
            "event",
            "organization",
            "since",
            "after",
            "limit",
        ],
    )?;
    let limit = limit(&query)?;
    let account = query.optional("account")?.map(str::parse).transpose();
    let organization = query.optional("organization")?.map(str::parse).transpose();
    let filter = Filter {
        account: account.map_err(|_| Error::payload("\"account\" must be the id of an account"))?,
        what: query.optional("event")?.map(event).transpose()?,
        organization: organization
            .map_err(|_| Error::payload("\"organization\" must be the id of an organization"))?,
        since: query.optional("since")?.map(since).transpose()?,
        before: None,
        limit: i64::from(limit) + 1,
    };
    let after = after(&query)?;
    let events = call.on_store(move |kw| {
        let before = audit::place(kw, after)?;
        audit::list(kw, &Filter { before, ..filter })
    });
    let events = Page::cut(events.await?, limit as usize);
    let next = events.last().map(audit::after);
    let rows = events.rows.iter().map(audit::shown);
    Ok(HttpResponse::Ok().json(page(rows, next)))
}

fn event(word: &str) -> Result<What> {
    word.parse().map_err(|_| {
        Error::payload("\"event\" is no word of the audit log: docs/LOGGING.md lists them")
    })
}

/// Milliseconds, as everywhere, or a day or instant of RFC 3339.
fn since(text: &str) -> Result<Timestamp> {
    let millis = query::number(text).and_then(Timestamp::checked);
    millis.or_else(|| Timestamp::parse(text)).ok_or_else(|| {
        Error::payload("\"since\" must be epoch milliseconds, 2026-01-31 or 2026-01-31T08:00:00Z")
    })
}
