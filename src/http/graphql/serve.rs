//! One request: read, carried out on the store lane, and answered.

use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, RETRY_AFTER};
use juniper::{GraphQLError, InputValue, ValidatedOperation, Variables};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::http::answer::{self, Answer};
use crate::http::graphql::accept::{OF_GRAPHQL, takes_graphql};
use crate::http::graphql::asked::Asked;
use crate::http::graphql::bounds::{asks_for_fields_of, exceeded, may_change_twice};
use crate::http::graphql::document::{self, Document};
use crate::http::graphql::loose::Loose;
use crate::http::graphql::read::read;
use crate::http::graphql::schema::Root;
use crate::http::graphql::variables::coerced;
use crate::http::graphql::width::too_wide;
use crate::http::graphql::words::{self, Say};
use crate::http::request::call::Call;
use crate::http::request::fields::Fields;
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

/// What a request asks for.
struct Request {
    document: String,
    operation: Option<String>,
    variables: Map<String, Value>,
}

/// What came of it.
struct Done {
    /// The answer as it is sent: written where the document was carried out, beside the event loop.
    body: Vec<u8>,
    was_carried_out: bool,
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
            was_carried_out: self.data.is_some(),
            wait,
        })
    }
}

impl Done {
    fn refused(errors: &[Value]) -> Result<Self> {
        Body { errors, data: None }.done(None)
    }
}

/// Carries out the one document of the request, in the schema that `pick` has for the caller.
/// No cookie counts and no page of another site is served, so a form there can do nothing.
///
/// # Errors
/// What HTTP refuses, and a body that is no request.
pub async fn serve(
    mut call: Call,
    pick: impl AsyncFn(&Call, &Asked) -> Result<Schema>,
) -> Answer<answer::Keyward> {
    let came = Instant::now();
    call.require_our_origin_or(OTHER_ORIGIN)?;
    let request = Request::read(&call.fields_of_any_type().await?)?;
    let (asked, keeper) = Asked::of(&call).await;
    let even = asked.even();
    let schema = pick(&call, &asked).await?;
    // Without a seat it is refused at once, where it asks for one.
    let waits = schema.root.may_wait(&request.document) && asked.hold_seat();
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
    Ok(rendered(done, takes_graphql(call.headers())))
}

const OTHER_ORIGIN: &str =
    "A page of this origin may not ask here: KEYWARD_ALLOWED_ORIGINS does not list it.";

impl Request {
    /// Unknown members are passed over: clients send `extensions`, and more to come.
    fn read(fields: &Fields) -> Result<Self> {
        let variables = match fields.value("variables") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(members)) => members.clone(),
            Some(_) => return Err(Error::payload("\"variables\" must be an object")),
        };
        let operation = fields.optional("operationName")?;
        Ok(Self {
            document: fields.required("query")?.to_owned(),
            operation: operation.filter(|it| !it.is_empty()).map(str::to_owned),
            variables,
        })
    }
}

fn carry_out(schema: &Schema, request: &Request, asked: &Asked) -> Result<Done> {
    let source = request.document.as_str();
    let read = match read(source, schema.loose, |name| schema.root.has_type(name)) {
        Ok(read) => read,
        Err(fault) => {
            let place = document::place(source, fault.at);
            return Done::refused(&[words::unread(fault.why, place)]);
        }
    };
    let document = &read.document;
    if let Some(refused) = flaw(source, document) {
        return Done::refused(&[refused]);
    }
    let name = request.operation.as_deref();
    let operation = document.operation(name);
    let variables = match operation {
        Some(operation) => coerced(operation, &request.variables, &schema.root.inputs)?,
        None => Variables::new(),
    };
    let conditions = operation.map(|it| document.conditions_of(it));
    let is_null = |name: &str| matches!(variables.get(name), Some(InputValue::Null));
    if conditions.into_iter().flatten().any(is_null) {
        // The library would fall over it.
        let words = "A variable that @skip or @include reads must not be null.";
        return Done::refused(&[words::not_valid(words)]);
    }
    let text = read.text.as_deref().unwrap_or(source);
    let carried_out = match ValidatedOperation::new(text, name, &schema.root.tree) {
        Ok(operation) => {
            if let Some(why) = exceeded(&schema.root, document) {
                return Done::refused(&[words::not_valid(&why)]);
            }
            // Skipped fields and fragments are told from others by the library alone.
            let rehearsed = || operation.execute_sync(&variables, asked).map(|_| ());
            match may_change_twice(&schema.root, document).then(|| asked.rehearse(rehearsed)) {
                Some(Err(error)) => Err(error),
                Some(Ok(2..)) => return Done::refused(&[words::too_many_changes()]),
                Some(Ok(_)) | None => operation.execute_sync(&variables, asked),
            }
        }
        Err(error) => Err(error),
    };
    match carried_out {
        Ok((data, errors)) => {
            let (errors, data) = (errors.as_slice(), Some(&data));
            Body { errors, data }.done(asked.wait())
        }
        Err(error) => Done::refused(&refusals(schema, &error, (document, asked))),
    }
}

/// What is wrong with a document whatever the schema is.
fn flaw(source: &str, document: &Document<'_>) -> Option<Value> {
    if let Some(at) = document.doubled {
        let words = "A directive may stand once in one place.";
        return Some(words::not_valid_at(words, document::place(source, at)));
    }
    too_wide(document).map(|why| words::not_valid(&why))
}

fn refusals(
    schema: &Schema,
    error: &GraphQLError,
    (document, asked): (&Document<'_>, &Asked),
) -> Vec<Value> {
    match (schema.adapts, asked.account()) {
        (None, _) => words::of_document(error, None),
        (Some(_), Ok(_)) => words::of_document(error, Some(&|name| schema.root.knows(name))),
        (Some(say), Err(refusal)) => {
            let own = asks_for_fields_of(&schema.root, document);
            words::of_closed(error, (!own).then(|| say(&refusal, &words::NOWHERE)))
        }
    }
}

fn rendered(done: Done, of_graphql: bool) -> HttpResponse {
    // Under `application/json` a client takes another status for a proxy's.
    let status = if of_graphql && !done.was_carried_out {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    let mut response = HttpResponse::build(status);
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
