//! The variables of a request, as the operation declares them (section 6.1.2 of the specification).
//! What is of another type goes to the library as it came, which says so.

use std::collections::HashMap;

use juniper::parser::Spanning;
use juniper::{InputValue, Variables};
use serde_json::{Map, Number, Value};

use crate::http::graphql::document::Operation;
use crate::http::graphql::table::{Field, Kind, Type};
use crate::service::{Error, Result};

/// The types of arguments that have members, or are of free form, by their names.
pub(super) type Inputs = HashMap<&'static str, Kind>;

pub(super) fn inputs(fields: &[&'static Field]) -> Inputs {
    let mut inputs = Inputs::new();
    for field in fields {
        field
            .arguments
            .iter()
            .for_each(|it| add(it.of, &mut inputs));
        if let Kind::Object(object) = field.of.kind {
            let arguments = object.fields.iter().flat_map(|it| it.arguments);
            arguments.for_each(|it| add(it.of, &mut inputs));
        }
    }
    inputs
}

fn add(of: Type, inputs: &mut Inputs) {
    match of.kind {
        Kind::Json => {
            inputs.insert("JSONObject", of.kind);
        }
        Kind::Input(input) if inputs.insert(input.name, of.kind).is_none() => {
            input.members.iter().for_each(|it| add(it.of, inputs));
        }
        _ => {}
    }
}

/// What is not declared is passed over, and null is a value: the default is for what is absent.
///
/// # Errors
/// `INVALID_PAYLOAD` where a name is none of GraphQL's: it may be said again in a refusal.
pub(super) fn coerced(
    operation: &Operation<'_>,
    given: &Map<String, Value>,
    inputs: &Inputs,
) -> Result<Variables> {
    let mut variables = Variables::new();
    for variable in &operation.variables {
        let value = match given.get(variable.name) {
            Some(value) => {
                let kind = inputs.get(variable.of).copied();
                let kind = kind.unwrap_or(if variable.of == "ID" {
                    Kind::Id
                } else {
                    Kind::Text
                });
                in_lists(value, kind, variable.lists)?
            }
            None if variable.is_null => InputValue::Null,
            None => continue,
        };
        variables.insert(variable.name.to_owned(), value);
    }
    Ok(variables)
}

/// Whatever stands where a list is wanted is one of its own.
fn in_lists(value: &Value, kind: Kind, lists: usize) -> Result<InputValue> {
    if value.is_null() {
        return Ok(InputValue::Null);
    }
    if lists == 0 {
        return one(value, kind);
    }
    let each = match value {
        Value::Array(each) => each.as_slice(),
        value => std::slice::from_ref(value),
    };
    let each = each.iter().map(|it| in_lists(it, kind, lists - 1));
    Ok(InputValue::list(each.collect::<Result<Vec<_>>>()?))
}

fn one(value: &Value, kind: Kind) -> Result<InputValue> {
    Ok(match (value, kind) {
        // A text is JSON already.
        (Value::String(text), _) => InputValue::scalar(text.clone()),
        (value, Kind::Json) => InputValue::scalar(value.to_string()),
        (Value::Null, _) => InputValue::Null,
        (Value::Bool(truth), _) => InputValue::scalar(*truth),
        (Value::Number(number), kind) => number_of(number, kind),
        (Value::Array(each), kind) => {
            let each = each.iter().map(|it| one(it, kind));
            InputValue::list(each.collect::<Result<Vec<_>>>()?)
        }
        (Value::Object(members), kind) => object(members, kind)?,
    })
}

fn object(members: &Map<String, Value>, kind: Kind) -> Result<InputValue> {
    let mut object = Vec::new();
    for (name, value) in members {
        if !is_name(name) {
            let words = "\"variables\" hold a member whose name is none in GraphQL";
            return Err(Error::payload(words));
        }
        let of = match kind {
            Kind::Input(input) => input.members.iter().find(|it| it.name == name),
            _ => None,
        };
        let value = match of {
            Some(member) => in_lists(value, member.of.kind, usize::from(member.of.list))?,
            None => one(value, Kind::Text)?,
        };
        object.push((
            Spanning::unlocated(name.clone()),
            Spanning::unlocated(value),
        ));
    }
    Ok(InputValue::Object(object))
}

/// JSON has one kind of number: 1.0 is 1. An id may be larger than an `Int` holds.
fn number_of(number: &Number, kind: Kind) -> InputValue {
    let float = number.as_f64().unwrap_or_default();
    // Without a dot where nothing stands behind it.
    match (float.to_string().parse::<i32>(), kind) {
        (Ok(whole), _) => InputValue::scalar(whole),
        (Err(_), Kind::Id) if number.is_i64() || number.is_u64() => {
            InputValue::scalar(number.to_string())
        }
        (Err(_), _) => InputValue::scalar(float),
    }
}

fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}
