//! What is said of a document that is refused. The library's words name what stands in the
//! document, and may hold what was sent, a password among it: only names are let through.

use juniper::parser::{ParseError, SourcePosition};
use juniper::{GraphQLError, RuleError};
use serde_json::{Value, json};

use crate::http::answer::{Keyward, Refusal, Shape as _};
use crate::service::Error;

/// How a refusal is said: its words, and the `extensions` beside them.
pub type Say = fn(&Error, &Spot) -> (String, Value);

/// Where in the document a field stands; lines and columns count from one.
pub struct Spot {
    pub line: usize,
    pub column: usize,
    pub path: Vec<String>,
}

const NOT_READ: &str = "GRAPHQL_PARSE_FAILED";
const NOT_VALID: &str = "GRAPHQL_VALIDATION_FAILED";

/// So many faults of one document are told.
const MOST: usize = 20;

/// What is longer holds a name that nobody wants to hear again.
const LONGEST: usize = 300;

/// A refusal in Keyward's own words, as its REST face says it.
pub fn plain(error: &Error, _: &Spot) -> (String, Value) {
    let mut body = Keyward::body(&Refusal::from(error.clone()));
    let mut said = body["errors"][0].take();
    let mut extensions = said["extensions"].take();
    if let Some(seconds) = error.retry_after {
        extensions["retryAfter"] = json!(seconds);
    }
    let message = said["message"].as_str().unwrap_or_default().to_owned();
    (message, extensions)
}

/// Why a document was not carried out at all.
pub(super) fn of_document(error: &GraphQLError) -> Vec<Value> {
    let alone = |message: &str| vec![said(message, &[], NOT_VALID)];
    match error {
        GraphQLError::ParseError(error) => {
            let message = unread(&error.item);
            vec![said(&message, &[error.span.start], NOT_READ)]
        }
        GraphQLError::ValidationError(errors) => {
            let errors = errors.iter().take(MOST);
            errors
                .map(|error| said(&names_alone(error), error.locations(), NOT_VALID))
                .collect()
        }
        GraphQLError::NoOperationProvided => alone("The document holds no operation."),
        GraphQLError::MultipleOperationsProvided => {
            alone("The document holds several operations: \"operationName\" says which.")
        }
        GraphQLError::UnknownOperationName => {
            alone("The document holds no operation of the name in \"operationName\".")
        }
        GraphQLError::IsSubscription | GraphQLError::NotSubscription => {
            alone("There are no subscriptions here.")
        }
        GraphQLError::NotSupported(_) => alone("There are no operations of this kind here."),
    }
}

/// The same for somebody who may not know the schema: no type and no field is named (row
/// H-33). `refusal` is why they are nobody.
pub(super) fn of_closed(error: &GraphQLError, refusal: &Error, say: Say) -> Vec<Value> {
    let GraphQLError::ValidationError(errors) = error else {
        return of_document(error);
    };
    let asks = |error: &RuleError| error.message().starts_with(HIDDEN);
    if let Some(error) = errors.iter().find(|error| asks(error)) {
        let (line, column) = error.locations().first().map_or((1, 1), place);
        let spot = Spot {
            line,
            column,
            path: Vec::new(),
        };
        let (message, extensions) = say(refusal, &spot);
        let mut said = said(&message, error.locations(), NOT_VALID);
        said["extensions"] = extensions;
        return vec![said];
    }
    let errors = errors.iter().take(MOST);
    errors
        .map(|error| {
            let message = if is_of_a_plain_variable(error.message()) {
                names_alone(error)
            } else {
                "The document is not valid here. Whoever is signed in is told why.".to_owned()
            };
            said(&message, error.locations(), NOT_VALID)
        })
        .collect()
}

/// The document is valid, and too much.
pub(super) fn too_much(message: &str) -> Value {
    said(message, &[], NOT_VALID)
}

/// How the library begins to say that introspection is not for everybody.
const HIDDEN: &str = "GraphQL introspection is not allowed";

/// Whether a variable of a type that every schema has was left out: that tells nothing.
fn is_of_a_plain_variable(message: &str) -> bool {
    let rest = message.strip_suffix("\" was not provided.");
    let of = rest.and_then(|rest| rest.rsplit_once(" of required type \""));
    of.is_some_and(|(_, of)| {
        let name = of.trim_matches(['[', ']', '!']);
        ["String", "Int", "Float", "Boolean", "ID"].contains(&name)
    })
}

fn said(message: &str, locations: &[SourcePosition], code: &str) -> Value {
    let mut said = json!({ "message": message });
    if !locations.is_empty() {
        let places = locations.iter().map(place);
        let places = places.map(|(line, column)| json!({ "line": line, "column": column }));
        said["locations"] = places.collect();
    }
    said["extensions"] = json!({ "code": code });
    said
}

/// Line and column, which count from one.
fn place(at: &SourcePosition) -> (usize, usize) {
    (at.line() + 1, at.column() + 1)
}

fn unread(error: &ParseError) -> String {
    match error {
        ParseError::UnexpectedToken(_) | ParseError::ExpectedScalarError(_) => {
            "The document is no GraphQL: something else must stand here.".to_owned()
        }
        ParseError::UnexpectedEndOfFile => "The document ends too early.".to_owned(),
        ParseError::LexerError(_) => {
            "The document is no GraphQL: a text that does not end, or a sign that means nothing \
             here."
                .to_owned()
        }
        ParseError::DepthLimitExceeded(most) => {
            format!("The document is nested deeper than {most} levels.")
        }
        ParseError::TokenLimitExceeded(most) => {
            format!("The document holds more than {most} words and signs.")
        }
        ParseError::FieldLimitExceeded(most) => {
            format!("The document asks for more than {most} fields.")
        }
    }
}

/// The library's words without the values that were sent, and without a guess at what was
/// meant.
fn names_alone(error: &RuleError) -> String {
    let mut text = error.message().to_owned();
    for (begin, end) in [
        ("Invalid value \"", "\" for enum "),
        ("Invalid value \"", "\" for type "),
    ] {
        if let (Some(from), Some(to)) = (text.find(begin), text.rfind(end))
            && from < to
        {
            let (kept, rest) = (from + "Invalid value".len(), to + "\"".len());
            text.replace_range(kept..rest, "");
        }
    }
    for end in [" Got: `", " Did you mean ", ": Parser error for "] {
        if let Some(at) = text.find(end) {
            text.truncate(at);
        }
    }
    if text.chars().count() > LONGEST {
        return "The document is not valid here.".to_owned();
    }
    if !text.ends_with('.') && !text.ends_with('?') {
        text.push('.');
    }
    text
}
