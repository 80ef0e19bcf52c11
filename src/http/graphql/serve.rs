//! One request: read, carried out on a thread of the runtime, and answered.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, HeaderMap, RETRY_AFTER};
use juniper::parser::Spanning;
use juniper::{InputValue, ValidatedOperation, Variables};
use serde_json::{Map, Value, json};

use crate::http::answer::{Answer, Keyward};
use crate::http::graphql::asked::Asked;
use crate::http::graphql::bounds::{asks_for_fields_of, exceeded, unreadable};
use crate::http::graphql::loose::{Loose, tightened};
use crate::http::graphql::schema::Root;
use crate::http::graphql::width::too_wide;
use crate::http::graphql::words::{self, Say};
use crate::http::request::call::Call;
use crate::http::request::fields::Fields;
use crate::service::{Error, Result};

/// The media type of GraphQL over HTTP, under which a status means something.
const OF_GRAPHQL: &str = "application/graphql-response+json";

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

/// What came of it: `None` where the document was not carried out.
struct Done {
    data: Option<Value>,
    errors: Vec<Value>,
    wait: Option<u32>,
}

impl Done {
    const fn refused(errors: Vec<Value>) -> Self {
        Self {
            data: None,
            errors,
            wait: None,
        }
    }
}

/// Carries out the one document of the request, in the schema that `pick` has for the caller.
/// No cookie counts and no page of another site is served, so a form there can do nothing.
///
/// # Errors
/// What HTTP refuses, and a body that is no request.
pub async fn serve(mut call: Call, pick: fn(&Call, &Asked) -> Schema) -> Answer<Keyward> {
    let came = Instant::now();
    call.require_our_origin()
        .map_err(|_| Error::forbidden(OTHER_ORIGIN))?;
    let request = Request::read(&call.fields_of_any_type().await?)?;
    let (asked, keeper) = Asked::of(&call).await;
    let even = asked.even();
    let schema = pick(&call, &asked);
    let variables = request.variables(schema.loose)?;
    let done = call
        .on_thread(move |_| Ok::<_, Error>(carry_out(&schema, (&request, &variables), &asked)))
        .await?;
    if keeper.was_full() {
        call.pace_refusal().await;
    }
    if even.is_wanted() {
        call.answer_evenly(came).await;
    }
    Ok(answer(&done, takes_graphql(call.headers())))
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

    fn variables(&self, loose: Option<Loose>) -> Result<Variables> {
        let of = |(name, value): (&String, &Value)| {
            let value = member(name, value, loose)?;
            Ok((name.clone(), value))
        };
        // Null is absent, as everywhere: so the default of the document counts.
        let given = self.variables.iter().filter(|(_, value)| !value.is_null());
        given.map(of).collect()
    }
}

/// An object of free form is a text for the library.
fn member(name: &str, value: &Value, loose: Option<Loose>) -> Result<InputValue> {
    match loose {
        Some(loose) if loose.argument == name && value.is_object() => {
            Ok(InputValue::scalar(value.to_string()))
        }
        _ => variable(value, loose),
    }
}

/// A variable in the library's words. A member's name may be said again in a refusal, so it
/// must be one.
fn variable(value: &Value, loose: Option<Loose>) -> Result<InputValue> {
    Ok(match value {
        Value::Null => InputValue::Null,
        Value::Bool(truth) => InputValue::scalar(*truth),
        Value::String(text) => InputValue::scalar(text.clone()),
        Value::Number(number) => match number.as_i64().and_then(|it| i32::try_from(it).ok()) {
            Some(whole) => InputValue::scalar(whole),
            None => InputValue::scalar(number.as_f64().unwrap_or_default()),
        },
        Value::Array(list) => {
            let list = list.iter().map(|it| variable(it, loose));
            InputValue::list(list.collect::<Result<Vec<_>>>()?)
        }
        Value::Object(members) => {
            let mut object = Vec::new();
            for (name, value) in members {
                if !is_name(name) {
                    let words = "\"variables\" hold a member whose name is none in GraphQL";
                    return Err(Error::payload(words));
                }
                let value = Spanning::unlocated(member(name, value, loose)?);
                object.push((Spanning::unlocated(name.clone()), value));
            }
            InputValue::Object(object)
        }
    })
}

fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

fn carry_out(schema: &Schema, (request, variables): (&Request, &Variables), asked: &Asked) -> Done {
    let operation = request.operation.as_deref();
    let document = match schema.loose {
        Some(loose) => tightened(&request.document, loose),
        None => Cow::Borrowed(request.document.as_str()),
    };
    if let Some(why) = unreadable(&document) {
        return Done::refused(vec![words::too_much(why)]);
    }
    if let Some(why) = too_wide(&schema.root, &document) {
        return Done::refused(vec![words::too_much(&why)]);
    }
    let carried_out = match ValidatedOperation::new(&document, operation, &schema.root.tree) {
        Ok(operation) => match exceeded(&schema.root, &document) {
            Some(why) => return Done::refused(vec![words::too_much(&why)]),
            None => operation.execute_sync(variables, asked),
        },
        Err(error) => Err(error),
    };
    match carried_out {
        Ok((data, errors)) => Done {
            data: Some(json!(data)),
            errors: errors.iter().map(|error| json!(error)).collect(),
            wait: asked.wait(),
        },
        Err(error) => Done::refused(match (schema.adapts, asked.account()) {
            (None, _) => words::of_document(&error, None),
            (Some(_), Ok(_)) => words::of_document(&error, Some(&|name| schema.root.knows(name))),
            (Some(say), Err(refusal)) => {
                let own = asks_for_fields_of(&schema.root, &document);
                words::of_closed(&error, (!own).then(|| say(&refusal, &words::NOWHERE)))
            }
        }),
    }
}

/// The errors come first, as the specification would have it.
fn answer(done: &Done, of_graphql: bool) -> HttpResponse {
    let mut body = Map::new();
    if !done.errors.is_empty() {
        body.insert("errors".to_owned(), json!(done.errors));
    }
    if let Some(data) = &done.data {
        body.insert("data".to_owned(), data.clone());
    }
    // Under `application/json` a client takes another status for a proxy's.
    let status = match &done.data {
        None if of_graphql => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let mut response = HttpResponse::build(status);
    if let Some(seconds) = done.wait {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if of_graphql {
        response.content_type(format!("{OF_GRAPHQL}; charset=utf-8"));
    }
    response.json(body)
}

/// Whether the caller takes the media type of GraphQL; `*/*` is for the older one.
fn takes_graphql(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT).filter_map(|it| it.to_str().ok());
    let mut ranges = lists.flat_map(|list| list.split(','));
    ranges.any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts
            .next()
            .is_some_and(|it| it.eq_ignore_ascii_case(OF_GRAPHQL));
        let wanted = parts.all(|it| {
            let it = it.strip_prefix("q=").or_else(|| it.strip_prefix("Q="));
            it.is_none_or(|q| q.parse::<f32>().is_ok_and(|q| q > 0.0))
        });
        named && wanted
    })
}
