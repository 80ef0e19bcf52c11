//! JSON read strictly, and what is wrong with it told by its own cause: a repeated key, a
//! value nested deeper than 32, an array for an object, bytes that are not UTF-8. Serde's
//! own words are not given, since they may hold what was sent.

use std::cell::RefCell;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::service::{Error, Reason, Result};

const DEPTH: u32 = 32;

/// The one object that these bytes are.
///
/// # Errors
/// `INVALID_PAYLOAD`, with the reason.
pub fn object(body: &[u8]) -> Result<Map<String, Value>> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to() + 1;
        unread(format!("The body is not UTF-8 at byte {at}"))
    })?;
    let mut json = serde_json::Deserializer::from_str(text);
    let fault = RefCell::new(None);
    let value = Strict {
        left: DEPTH,
        fault: &fault,
    }
    .deserialize(&mut json)
    .and_then(|value| json.end().map(|()| value))
    .map_err(|error| unread(fault.take().unwrap_or_else(|| unreadable(&error))))?;
    let kind = match value {
        Value::Object(fields) => return Ok(fields),
        Value::Array(_) => "an array",
        Value::String(_) => "a string",
        Value::Number(_) => "a number",
        Value::Bool(_) => "true or false",
        Value::Null => "null",
    };
    Err(Error::payload(format!(
        "\"value\" must be of type object, and the body is {kind}"
    )))
}

fn unread(words: String) -> Error {
    Error::payload_for(Reason::Unreadable, words)
}

/// A member's name as its sender may hear it again: plain and short, or not at all.
#[must_use]
pub fn quoted(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        format!("\"{name}\"")
    } else {
        "A name that is not shown here".to_owned()
    }
}

/// Why serde could not read the text. Serde's own words are not given: they may hold what
/// was sent.
fn unreadable(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let why = if error.is_eof() {
        "The body is not valid JSON: it ends too early,"
    } else if error.to_string().contains("hex escape") {
        "The body has half of a surrogate pair, which is no character,"
    } else {
        "The body is not valid JSON"
    };
    format!("{why} at line {line} column {column}")
}

/// A JSON value without repeated keys, at most so deep. What it finds wrong it tells past
/// serde, whose errors are mere text.
struct Strict<'a> {
    left: u32,
    fault: &'a RefCell<Option<String>>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Strict<'_> {
    fn inner<E: de::Error>(&self) -> Result<Self, E> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, ..*self }),
            None => Err(self.because(format!("The body is nested deeper than {DEPTH} levels"))),
        }
    }

    fn because<E: de::Error>(&self, fault: String) -> E {
        self.fault.replace(Some(fault));
        E::custom("refused")
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self.inner()?)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(Key(key)) = members.next_key()? {
            if object.contains_key(&key) {
                let fault = format!("The body has a name twice: {}", quoted(&key));
                return Err(self.because(fault));
            }
            let value = members.next_value_seed(self.inner()?)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}
