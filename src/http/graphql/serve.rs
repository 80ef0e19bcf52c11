//! One request: read, carried out on the store lane, and answered.

use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, ContentType, RETRY_AFTER};
use juniper::{GraphQLError, InputValue, ValidatedOperation, Variables};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use crate::http::error_response::{self, Answer};
use crate::http::graphql::document::{self, Document};
use crate::http::graphql::lenient_field::Loose;
use crate::http::graphql::limits::root_fields::{
    asks_for_fields_of, exceeded, may_change_twice, only_reads,
};
use crate::http::graphql::limits::width::too_wide;
use crate::http::graphql::preparse::read;
use crate::http::graphql::refusal_words::{self, Say};
use crate::http::graphql::request::Request;
use crate::http::graphql::resolver_context::Asked;
use crate::http::graphql::schema::Root;
use crate::http::graphql::variables::coerced;
use crate::http::request::call::Call;
use crate::service::actor::Actor;
use crate::service::mail::publish;
use crate::service::{Error, Keyward, Result};

/// The schema that a caller sees.
pub struct Schema {
    pub root: Arc<Root>,
    /// Where callers see different parts of it, how it says no to whoever is nobody: what one
    /// does not see is named to nobody.
    pub adapts: Option<Say>,
    /// What it takes beyond the grammar.
    pub loose: Option<Loose>,
}

/// What the clients of those who are served send as a credential, beside `Bearer`.
#[derive(Clone, Copy, Default)]
pub struct Beside {
    /// An API key in a header `apikey`, which may stand beside somebody's access token.
    pub key: bool,
    /// An access token as the whole Authorization header.
    pub bare_token: bool,
}

const KEY: &str = "apikey";

/// The media type under which a status means something, as GraphQL over HTTP has it (docs/DIALECTS.md).
const OF_GRAPHQL: &str = "application/graphql-response+json";

/// What came of it.
struct Done {
    /// The answer as it is sent: written where the document was carried out, beside the event loop.
    body: Vec<u8>,
    /// Under the media type of GraphQL; under JSON's a client takes 400 for a proxy's.
    status: StatusCode,
    wait: Option<u32>,
}

/// The errors come first, as the specification would have it.
#[derive(Serialize)]
struct Body<'a, E> {
    #[serde(skip_serializing_if = "<[E]>::is_empty")]
    errors: &'a [E],
    /// `None` where the document was not carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a juniper::Value>,
}

impl<E: Serialize> Body<'_, E> {
    fn done(&self, wait: Option<u32>) -> Result<Done> {
        Ok(Done {
            body: serde_json::to_vec(self).map_err(|error| Error::defect(error.to_string()))?,
            status: match self.data {
                Some(_) => StatusCode::OK,
                None => StatusCode::BAD_REQUEST,
            },
            wait,
        })
    }
}

impl Done {
    fn refused(errors: &[Value]) -> Result<Self> {
        Body { errors, data: None }.done(None)
    }

    fn told(status: StatusCode, why: Value) -> Result<Self> {
        Ok(Self {
            status,
            ..Self::refused(&[why])?
        })
    }
}

/// Carries out the one document of the request, in the schema that `pick` has for the caller.
/// No cookie counts and no page of another site is served, so a form there can do nothing. By GET
/// nothing is changed: whoever follows a link, and whatever fetches one beforehand, sends it lightly.
///
/// # Errors
/// What HTTP refuses, and a body that is no request.
pub async fn serve(
    mut call: Call,
    beside: Beside,
    pick: impl AsyncFn(&Call, &Asked) -> Result<Schema>,
) -> Answer<error_response::Keyward> {
    let came = Instant::now();
    call.require_our_origin_or(OTHER_ORIGIN)?;
    let of_graphql = call.prefers_to_json(OF_GRAPHQL);
    if beside.bare_token {
        call.take_bare_tokens();
    }
    let key = if beside.key {
        call.by_key_in(KEY).await
    } else {
        Ok(None)
    };
    let long = if beside.key {
        place_of_long_body(&call, &key).await?
    } else {
        None
    };
    let Some(request) = Request::read(&mut call, long.is_some()).await? else {
        // As the originals of such hashes answer it, whatever is accepted.
        let done = Done::told(StatusCode::OK, refusal_words::no_hashes())?;
        return Ok(rendered(done, of_graphql));
    };
    let (asked, keeper) = Asked::of(&call, key).await;
    let even = asked.even();
    let schema = pick(&call, &asked).await?;
    // Without a seat it is refused at once, where it asks for one.
    let waits = !request.by_get && schema.root.may_wait(&request.document) && asked.hold_seat();
    let act = move |_: &Keyward| carry_out(&schema, &request, &asked);
    let done = if waits {
        call.kw.for_long(act).await?
    } else {
        call.on_store(act).await?
    };
    if keeper.was_full() {
        call.pace_refusal().await;
    }
    if even.is_wanted() {
        call.answer_evenly(came).await;
    }
    Ok(rendered(done, of_graphql))
}

/// Who sends mail in their own words has a longer body, known before it is read (docs/decisions/0187).
/// Everybody else's is refused as before, whatever they show.
async fn place_of_long_body(
    call: &Call,
    key: &Result<Option<Actor>>,
) -> Result<Option<OwnedSemaphorePermit>> {
    if !call.has_long_body() {
        return Ok(None);
    }
    let caller = match key {
        Ok(Some(by_key)) => Ok(by_key.clone()),
        _ => call.actor().await,
    };
    if !caller.is_ok_and(|caller| publish::require(&caller).is_ok()) {
        return Ok(None);
    }
    let place = Arc::clone(&call.web.long_bodies).try_acquire_owned();
    let busy = |_| Error::busy("as many long bodies as may are held already");
    place.map(Some).map_err(busy)
}

const OTHER_ORIGIN: &str =
    "A page of this origin may not ask here: KEYWARD_ALLOWED_ORIGINS does not list it.";

fn carry_out(schema: &Schema, request: &Request, asked: &Asked) -> Result<Done> {
    let source = request.document.as_str();
    let read = match read(source, schema.loose, |name| schema.root.has_type(name)) {
        Ok(read) => read,
        Err(fault) => {
            let place = document::place(source, fault.at);
            return Done::refused(&[refusal_words::unread(fault.why, place)]);
        }
    };
    let document = &read.document;
    if let Some(refused) = flaw(source, document) {
        return Done::refused(&[refused]);
    }
    let name = request.operation.as_deref();
    let chosen = document.operation(name);
    let variables = match chosen {
        Some(operation) => coerced(operation, &request.variables, &schema.root.inputs)?,
        None => Variables::new(),
    };
    let conditions = chosen.map(|it| document.conditions_of(it));
    let is_null = |name: &str| matches!(variables.get(name), Some(InputValue::Null));
    if conditions.into_iter().flatten().any(is_null) {
        // The library would fall over it.
        let words = "A variable that @skip or @include reads must not be null.";
        return Done::refused(&[refusal_words::not_valid(words)]);
    }
    let text = read.text.as_deref().unwrap_or(source);
    let carried_out = match ValidatedOperation::new(text, name, &schema.root.tree) {
        Ok(operation) => {
            if let Some(why) = exceeded(&schema.root, document) {
                return Done::refused(&[refusal_words::not_valid(&why)]);
            }
            let reads = |chosen| only_reads(&schema.root, document, chosen);
            if request.by_get && !chosen.is_some_and(reads) {
                return Done::told(StatusCode::METHOD_NOT_ALLOWED, refusal_words::not_by_get());
            }
            // Skipped fields and fragments are told from others by the library alone.
            let rehearsed = || operation.execute_sync(&variables, asked).map(|_| ());
            match may_change_twice(&schema.root, document).then(|| asked.rehearse(rehearsed)) {
                Some(Err(error)) => Err(error),
                Some(Ok(2..)) => return Done::refused(&[refusal_words::too_many_changes()]),
                Some(Ok(_)) | None => operation.execute_sync(&variables, asked),
            }
        }
        Err(error) => Err(error),
    };
    match carried_out {
        Ok((mut data, errors)) => {
            answer_bare(&mut data, &read.bare);
            let (errors, data) = (errors.as_slice(), Some(&data));
            Body { errors, data }.done(asked.wait())
        }
        Err(error) => Done::refused(&refusals(schema, &error, (document, asked))),
    }
}

/// Whoever asked for a field without a selection gets no object.
fn answer_bare(data: &mut juniper::Value, bare: &[&str]) {
    let juniper::Value::Object(fields) = data else {
        return;
    };
    for (key, value) in fields.iter_mut() {
        if bare.contains(&key.as_str()) && !value.is_null() {
            *value = juniper::Value::scalar(true);
        }
    }
}

/// What is wrong with a document whatever the schema is.
fn flaw(source: &str, document: &Document<'_>) -> Option<Value> {
    if let Some(at) = document.doubled {
        let words = "A directive may stand once in one place.";
        return Some(refusal_words::not_valid_at(
            words,
            document::place(source, at),
        ));
    }
    too_wide(document).map(|why| refusal_words::not_valid(&why))
}

fn refusals(
    schema: &Schema,
    error: &GraphQLError,
    (document, asked): (&Document<'_>, &Asked),
) -> Vec<Value> {
    match (schema.adapts, asked.account()) {
        (None, _) => refusal_words::of_document(error, None),
        (Some(_), Ok(_)) => {
            refusal_words::of_document(error, Some(&|name| schema.root.knows(name)))
        }
        (Some(say), Err(refusal)) => {
            let own = asks_for_fields_of(&schema.root, document);
            refusal_words::of_closed(
                error,
                (!own).then(|| say(&refusal, &refusal_words::NOWHERE)),
            )
        }
    }
}

fn rendered(done: Done, of_graphql: bool) -> HttpResponse {
    let status = match done.status {
        StatusCode::BAD_REQUEST if !of_graphql => StatusCode::OK,
        status => status,
    };
    let mut response = HttpResponse::build(status);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.insert_header((ALLOW, "POST"));
    }
    if let Some(seconds) = done.wait {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if of_graphql {
        response.content_type(format!("{OF_GRAPHQL}; charset=utf-8"));
    } else {
        response.content_type(ContentType::json());
    }
    response.body(done.body)
}
