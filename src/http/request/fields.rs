//! Request bodies: JSON objects, read strictly. A repeated key, a value nested deeper
//! than 32, an array for an object, another media type: refused, in words of our own
//! (serde's would echo what was sent). Fields are read one by one, so that the refusal
//! names the field, as Directus does: `"email" is required`.

use std::fmt;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::domain::password::{LONGEST, Password, Unusable};
use crate::http::answer::{Http, Refusal};
use crate::service::{Error, Result};
use crate::support::secret::SecretString;

const DEPTH: u32 = 32;

/// The members of one JSON object.
#[derive(Debug, Default)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// # Errors
    /// `UNSUPPORTED_MEDIA_TYPE` where there is a body that is not declared as JSON in
    /// UTF-8; `INVALID_PAYLOAD` where it is no object.
    pub fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        require_json(headers)?;
        let mut json = serde_json::Deserializer::from_slice(body);
        let value = Strict(DEPTH)
            .deserialize(&mut json)
            .and_then(|value| json.end().map(|()| value))
            .map_err(|error| {
                let line = (error.line(), error.column());
                Error::payload(format!(
                    "The body is not valid JSON at line {} column {}",
                    line.0, line.1
                ))
            })?;
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(Error::payload("\"value\" must be of type object").into()),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// # Errors
    /// `INVALID_PAYLOAD` where a field is present that is not among `known`.
    pub fn only(&self, known: &[&str]) -> Result<()> {
        if self.0.keys().all(|name| known.contains(&name.as_str())) {
            Ok(())
        } else {
            Err(Error::payload(
                "The body has a field that is not known here",
            ))
        }
    }

    /// A text that may be absent.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD` where it is present and not a string (also where it is null).
    pub fn optional(&self, name: &str) -> Result<Option<&str>> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::payload(format!("\"{name}\" must be a string"))),
        }
    }

    /// A text that must be there and not be empty.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD`.
    pub fn required(&self, name: &str) -> Result<&str> {
        match self.optional(name)? {
            None => Err(Error::payload(format!("\"{name}\" is required"))),
            Some("") => Err(Error::payload(format!(
                "\"{name}\" is not allowed to be empty"
            ))),
            Some(text) => Ok(text),
        }
    }
}

/// A second factor that may be absent, but not empty.
///
/// # Errors
/// `INVALID_PAYLOAD`.
pub fn otp(fields: &Fields) -> Result<Option<SecretString>> {
    if !fields.has("otp") {
        return Ok(None);
    }
    fields.required("otp").map(|text| Some(text.into()))
}

/// A password to be compared. A NUL can be in no password of ours, so it is a wrong one;
/// too long is said.
///
/// # Errors
/// `INVALID_PAYLOAD`, `INVALID_CREDENTIALS`.
pub fn password(text: &str) -> Result<Password> {
    Password::parse(text).map_err(|unusable| match unusable {
        Unusable::ContainsNul => Error::credentials(),
        Unusable::Empty => Error::payload("\"password\" is not allowed to be empty"),
        Unusable::TooLong => {
            Error::payload("\"password\" length must be less than or equal to 1024 characters long")
        }
    })
}

/// A password to be compared or set, by a caller who is known: here a NUL is said.
///
/// # Errors
/// `INVALID_PAYLOAD`.
pub fn new_password(fields: &Fields, name: &str) -> Result<Password> {
    Password::parse(fields.required(name)?).map_err(|unusable| {
        Error::payload(match unusable {
            Unusable::Empty => format!("\"{name}\" is not allowed to be empty"),
            Unusable::ContainsNul => format!("\"{name}\" must not hold a NUL"),
            Unusable::TooLong => {
                format!("\"{name}\" length must be less than or equal to {LONGEST} characters long")
            }
        })
    })
}

fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let refuse = |message: &'static str| Err(Refusal::http(Http::UnsupportedMediaType, message));
    if headers.contains_key(CONTENT_ENCODING) {
        return refuse("A body with a Content-Encoding is not taken.");
    }
    let declared = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let mut parts = declared.split(';').map(str::trim);
    if !parts
        .next()
        .unwrap_or("")
        .eq_ignore_ascii_case("application/json")
    {
        return refuse("Send the body with the header Content-Type: application/json.");
    }
    let utf8 = parts.filter(|part| !part.is_empty()).all(|part| {
        part.split_once('=').is_none_or(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset")
                || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
    });
    if utf8 {
        Ok(())
    } else {
        refuse("Send the body in UTF-8.")
    }
}

/// A JSON value without repeated keys, at most so deep.
struct Strict(u32);

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Strict {
    fn inner<E: de::Error>(&self) -> Result<Self, E> {
        self.0
            .checked_sub(1)
            .map(Self)
            .ok_or_else(|| E::custom("nested too deep"))
    }
}

impl<'de> Visitor<'de> for Strict {
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
            let value = members.next_value_seed(self.inner()?)?;
            if object.insert(key, value).is_some() {
                return Err(de::Error::custom("a key comes twice"));
            }
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

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderValue, TryIntoHeaderValue as _};

    use super::*;

    fn parse(content_type: Option<&str>, body: &[u8]) -> Result<Fields, Refusal> {
        let mut headers = HeaderMap::new();
        if let Some(text) = content_type {
            let value: HeaderValue = text.try_into_value().unwrap();
            headers.insert(CONTENT_TYPE, value);
        }
        Fields::parse(&headers, body)
    }

    fn code(content_type: Option<&str>, body: &[u8]) -> &'static str {
        parse(content_type, body).expect_err("refused").code()
    }

    const JSON: Option<&str> = Some("application/json");

    #[test]
    fn i1_i3_i4_i7_i14_what_is_no_plain_object_is_refused() {
        let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        for body in [
            "[]",
            "\"x\"",
            "null",
            "1",
            "{",
            "{\"a\":1}x",
            "{\"a\":1}{\"a\":1}",
            "{\"a\":NaN}",
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"a":"\ud800"}"#,
            "\u{feff}{}",
            &deep(32),
            &deep(10_000),
            &deep(1_000_000),
        ] {
            assert_eq!(code(JSON, body.as_bytes()), "INVALID_PAYLOAD", "{body:.40}");
        }
        assert_eq!(code(JSON, b"{\"a\":\"\xff\"}"), "INVALID_PAYLOAD");
        assert!(parse(JSON, deep(31).as_bytes()).is_ok());
    }

    #[test]
    fn i12_i13_another_media_type_is_refused() {
        for content_type in [
            None,
            Some("text/plain"),
            Some("application/vnd.api+json"),
            Some("application/x-www-form-urlencoded"),
            Some("application/json; charset=utf-16"),
            Some("application/json; charset=latin1"),
        ] {
            assert_eq!(
                code(content_type, b"{}"),
                "UNSUPPORTED_MEDIA_TYPE",
                "{content_type:?}"
            );
        }
        for content_type in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
        ] {
            assert!(parse(Some(content_type), b"{}").is_ok(), "{content_type}");
        }
        assert!(parse(None, b"").is_ok_and(|fields| fields.is_empty()));
    }

    #[test]
    fn d11_fields_are_named_in_their_refusal() {
        let fields = parse(JSON, br#"{"a":"x","b":"","c":5,"d":null}"#).unwrap();
        assert_eq!(fields.required("a").unwrap(), "x");
        let why = |name| fields.required(name).unwrap_err().message.into_owned();
        assert_eq!(why("b"), "\"b\" is not allowed to be empty");
        assert_eq!(why("c"), "\"c\" must be a string");
        assert_eq!(why("d"), "\"d\" must be a string");
        assert_eq!(why("e"), "\"e\" is required");
    }
}
