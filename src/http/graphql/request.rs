//! What is asked for: a JSON object, or by GET the members of a query, two of which are JSON
//! (GraphQL over HTTP).

use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::http::error_response::Refusal;
use crate::http::request::call::Call;
use crate::http::request::fields::Fields;
use crate::http::request::strict_json;
use crate::service::{Code, Error, Result};

pub(super) struct Request {
    pub document: String,
    pub operation: Option<String>,
    pub variables: Map<String, Value>,
    pub by_get: bool,
}

impl Request {
    /// `None` where the hash of a document came without the document: none is kept here. Unknown
    /// members are passed over, since clients send more and more of them.
    ///
    /// # Errors
    /// What HTTP refuses, and what is no request.
    pub(super) async fn read(call: &mut Call, may_be_long: bool) -> Result<Option<Self>, Refusal> {
        let by_get = !call.is_post();
        let fields = if by_get {
            of_query(call.query())?
        } else {
            let body = if may_be_long {
                call.long_body_in_time().await?
            } else {
                call.body_in_time().await?
            };
            Fields::parse_of_any_type(call.headers(), &body)
                .map_err(|refusal| in_words(refusal, call.headers(), &body))?
        };
        if is_a_hash(&fields) {
            return Ok(None);
        }
        let variables = match fields.value("variables") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(members)) => members.clone(),
            Some(_) => return Err(Error::payload("\"variables\" must be an object").into()),
        };
        let operation = fields.optional("operationName")?;
        Ok(Some(Self {
            document: fields.required("query")?.to_owned(),
            operation: operation.filter(|it| !it.is_empty()).map(str::to_owned),
            variables,
            by_get,
        }))
    }
}

/// Apollo's clients ask by the hash alone first, where they are told to.
fn is_a_hash(fields: &Fields) -> bool {
    let extensions = fields.value("extensions");
    matches!(fields.value("query"), None | Some(Value::Null))
        && extensions.is_some_and(|it| it["persistedQuery"].is_object())
}

fn of_query(query: &str) -> Result<Fields> {
    let mut members = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = match name.as_ref() {
            "query" | "operationName" => Value::String(value.into_owned()),
            "variables" | "extensions" if ["", "null"].contains(&value.trim()) => Value::Null,
            "variables" | "extensions" => {
                let read = strict_json::object(value.as_bytes());
                let words = format!("\"{name}\" must be the JSON of an object, percent-encoded");
                Value::Object(read.map_err(|_| Error::payload(words))?)
            }
            _ => continue,
        };
        if members.insert(name.clone().into_owned(), value).is_some() {
            let words = format!("\"{name}\" stands twice in the query");
            return Err(Error::payload(words));
        }
    }
    Ok(Fields::from(members))
}

/// Why a body is refused, in words for whoever sent several requests or a document alone.
fn in_words(refusal: Refusal, headers: &HeaderMap, body: &[u8]) -> Refusal {
    if refusal.act() != Some(Code::InvalidPayload) {
        return refusal;
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let body = body.trim_ascii_start();
    if body.starts_with(b"[") {
        return Error::payload("No batches are taken: send one request at a time").into();
    }
    if is_a_document(headers.get(CONTENT_TYPE), body) {
        let words = "A document alone is no request: send JSON, {\"query\": \"...\"}";
        return Error::payload(words).into();
    }
    refusal
}

/// JSON names a member in quotes, GraphQL a field without any.
fn is_a_document(declared: Option<&HeaderValue>, body: &[u8]) -> bool {
    const FIRST: [&[u8]; 4] = [b"query", b"mutation", b"subscription", b"fragment"];
    let declared = declared.and_then(|it| it.to_str().ok()).unwrap_or("");
    let of_type = declared.split(';').next().unwrap_or("").trim();
    let begins = |word: &&[u8]| body.starts_with(word);
    let in_braces = body
        .strip_prefix(b"{")
        .and_then(|it| it.trim_ascii_start().first());
    of_type.eq_ignore_ascii_case("application/graphql")
        || FIRST.iter().any(begins)
        || in_braces.is_some_and(|first| first.is_ascii_alphabetic() || b"_.#".contains(first))
}
