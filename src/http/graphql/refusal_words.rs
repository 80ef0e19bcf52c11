//! What is said of a document that is refused. The library's words name what stands in the
//! document, and may hold what was sent, a password among it: only names are let through.

use juniper::parser::{ParseError, SourcePosition};
use juniper::{GraphQLError, RuleError};
use serde_json::{Value, json};

use crate::http::error_response::{Http, Keyward, Refusal, Shape as _};
use crate::http::graphql::lexer::Why;
use crate::http::graphql::limits::{DEEPEST, MOST_TOKENS};
use crate::http::graphql::resolver_context::ONE_CHANGE;
use crate::service::Error;

/// How a refusal is said: its words, and the `extensions` beside them.
pub type Say = fn(&Error, &Spot) -> (String, Value);

/// Where in the document a field stands; lines and columns count from one.
pub struct Spot {
    pub line: usize,
    pub column: usize,
    pub path: Vec<String>,
}

/// Of a refusal that is the whole document's.
pub(super) const NOWHERE: Spot = Spot {
    line: 1,
    column: 1,
    path: Vec::new(),
};

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

/// Which names stand in the caller's schema.
pub(super) type Known<'a> = &'a dyn Fn(&str) -> bool;

/// Why a document was not carried out at all. A name that is not known is left out, where callers
/// see different schemas: it looks the same whether another one has it (row H-35).
pub(super) fn of_document(error: &GraphQLError, known: Option<Known<'_>>) -> Vec<Value> {
    let alone = |message: &str| vec![said(message, &[], NOT_VALID)];
    match error {
        GraphQLError::ParseError(error) => {
            let (message, code) = of_parts(&error.item);
            vec![said(&message, &[error.span.start], code)]
        }
        GraphQLError::ValidationError(errors) => {
            let errors = errors.iter().take(MOST);
            errors
                .map(|error| {
                    let message = names_alone(error);
                    let message = match known {
                        Some(known) => without_others(&message, known),
                        None => message,
                    };
                    said(&message, error.locations(), NOT_VALID)
                })
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

/// The same for somebody who may not know the schema: one error, which names no place, no type
/// and no field, whatever is wrong (row H-33). `refused` is why they are nobody, where the
/// document asks for something that is not for everybody.
pub(super) fn of_closed(error: &GraphQLError, refused: Option<(String, Value)>) -> Vec<Value> {
    let hangs_on_the_schema = match error {
        GraphQLError::ParseError(error) => of_parts(&error.item).1 == NOT_VALID,
        GraphQLError::ValidationError(errors) => {
            let mut errors = errors.iter();
            errors.any(|it| !is_of_a_plain_variable(it.message()))
        }
        _ => false,
    };
    if !hangs_on_the_schema {
        return of_document(error, None);
    }
    let told = "Whoever is signed in is told more.";
    vec![match refused {
        None => {
            let message = format!("The document is not valid here. {told}");
            said(&message, &[], NOT_VALID)
        }
        Some((message, extensions)) => json!({
            "message": format!("{message} This document asks for what is not for everybody. {told}"),
            "extensions": extensions,
        }),
    }]
}

/// Of a document that would change several things, of which none was done: where a second one fails,
/// nobody would be told of the first.
pub(super) fn too_many_changes() -> Value {
    let (message, extensions) = plain(&Error::payload(ONE_CHANGE), &NOWHERE);
    json!({ "message": message, "extensions": extensions })
}

/// Of a document that came by GET and does more than read.
pub(super) fn not_by_get() -> Value {
    let words = "A document that signs in, registers or changes something is asked by POST: GET is \
                 for queries that only read.";
    said(words, &[], Http::MethodNotAllowed.into())
}

/// Of the hash of a document without the document. Clients know these words, and send it then.
pub(super) fn no_hashes() -> Value {
    said(
        "PersistedQueryNotSupported",
        &[],
        "PERSISTED_QUERY_NOT_SUPPORTED",
    )
}

/// Why a document that can be read is refused as a whole.
pub(super) fn not_valid(message: &str) -> Value {
    said(message, &[], NOT_VALID)
}

/// The same for one place of it.
pub(super) fn not_valid_at(message: &str, place: (usize, usize)) -> Value {
    said_at(message, &[place], NOT_VALID)
}

fn too_deep(most: usize) -> String {
    format!("The document is nested deeper than {most} levels.")
}

fn too_long(most: usize) -> String {
    format!("The document holds more than {most} words and signs.")
}

/// Why a document can not be read, and where.
pub(super) fn unread(why: Why, place: (usize, usize)) -> Value {
    let message = match why {
        Why::Other => "The document is no GraphQL: something else must stand here.".to_owned(),
        Why::End => "The document ends too early.".to_owned(),
        Why::Sign => "The document is no GraphQL: a text that does not end, or a sign that means \
                      nothing here."
            .to_owned(),
        Why::TooDeep => too_deep(DEEPEST),
        Why::TooLong => too_long(MOST_TOKENS),
        Why::Free => {
            let words = "An object of free form holds no variable and no name twice: give the \
                         whole of it as one variable of the type JSONObject.";
            return not_valid_at(words, place);
        }
    };
    said_at(&message, &[place], NOT_READ)
}

/// Whether a variable of a type that every schema has was left out, or is of another type. The
/// document was valid then, so that tells nothing.
fn is_of_a_plain_variable(message: &str) -> bool {
    let missing = message.strip_suffix("\" was not provided.");
    let missing = missing.and_then(|rest| rest.rsplit_once(" of required type \""));
    let wrong = message.split_once(" got invalid value. Expected input scalar `");
    let of = match (missing, wrong) {
        (Some((_, of)), _) => of.trim_matches(['[', ']', '!']),
        (_, Some((_, rest))) => rest.split('`').next().unwrap_or_default(),
        _ => return false,
    };
    ["String", "Int", "Float", "Boolean", "ID"].contains(&of)
}

/// The words without names in quotes that are not known, and without that of what the library
/// calls unknown. Those of variables and fragments are the caller's own.
fn without_others(text: &str, known: Known<'_>) -> String {
    if let Some((text, _)) = text.split_once(" named ") {
        return format!("{text} of a name.");
    }
    let mut parts = text.split('"');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    let mut unknown = kept.starts_with("Unknown ");
    while let (Some(quoted), Some(rest)) = (parts.next(), parts.next()) {
        let name = quoted.trim_matches(['[', ']', '!', '@']);
        let is_told = std::mem::take(&mut unknown);
        // The name of a fragment stands in no schema.
        let is_own = kept.ends_with("ragment ") || kept.ends_with("ragment: ");
        if is_own || !is_told && (name.starts_with('$') || known(name)) {
            kept.extend(["\"", quoted, "\""]);
        } else if kept.ends_with(' ') {
            kept.pop();
        }
        kept.push_str(rest);
    }
    kept
}

fn said(message: &str, locations: &[SourcePosition], code: &str) -> Value {
    // Lines and columns count from one.
    let places = locations.iter().map(|at| (at.line() + 1, at.column() + 1));
    said_at(message, &places.collect::<Vec<_>>(), code)
}

fn said_at(message: &str, places: &[(usize, usize)], code: &str) -> Value {
    let mut said = json!({ "message": message });
    if !places.is_empty() {
        let places = places.iter();
        let places = places.map(|(line, column)| json!({ "line": line, "column": column }));
        said["locations"] = places.collect();
    }
    said["extensions"] = json!({ "code": code });
    said
}

/// What the library can not read of a document that is GraphQL: too much of it, or a value that
/// is none of the type which is wanted there.
fn of_parts(error: &ParseError) -> (String, &'static str) {
    match error {
        ParseError::DepthLimitExceeded(most) => (too_deep(*most), NOT_READ),
        ParseError::TokenLimitExceeded(most) => (too_long(*most), NOT_READ),
        ParseError::FieldLimitExceeded(most) => {
            let words = format!("The document asks for more than {most} fields.");
            (words, NOT_READ)
        }
        ParseError::UnexpectedToken(token) if is_number(token) => (
            "This number is larger than an Int holds.".to_owned(),
            NOT_VALID,
        ),
        _ => (
            "A value of another type must stand here.".to_owned(),
            NOT_VALID,
        ),
    }
}

fn is_number(token: &str) -> bool {
    token.starts_with(|first: char| first == '-' || first.is_ascii_digit())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h35_names_that_are_not_known_are_left_out() {
        let known = |name: &str| ["viewer", "Viewer", "Query"].contains(&name);
        for (text, left) in [
            (
                "Unknown field \"users\" on type \"Query\".",
                "Unknown field on type \"Query\".",
            ),
            // Known elsewhere, and no field here: told as any other.
            (
                "Unknown field \"viewer\" on type \"Viewer\".",
                "Unknown field on type \"Viewer\".",
            ),
            ("Unknown type \"User\".", "Unknown type."),
            ("Unknown fragment: \"User\".", "Unknown fragment: \"User\"."),
            (
                "Fragment \"users\" cannot be spread here as objects of type \"Query\" can never be of type \"User\".",
                "Fragment \"users\" cannot be spread here as objects of type \"Query\" can never be of type.",
            ),
            (
                "Variable \"$users\" of type \"[User!]!\" used in position expecting type \"Viewer!\".",
                "Variable \"$users\" of type used in position expecting type \"Viewer!\".",
            ),
            (
                "There can only be one fragment named users.",
                "There can only be one fragment of a name.",
            ),
            (
                "The document ends too early.",
                "The document ends too early.",
            ),
        ] {
            assert_eq!(without_others(text, &known), left);
        }
    }
}
