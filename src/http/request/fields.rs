//! Request bodies: JSON objects, read strictly. A repeated key, a value nested deeper
//! than 32, an array for an object, another media type: refused, in words of our own
//! (serde's would echo what was sent). Fields are read one by one, so that the refusal
//! names the field, as Directus does: `"email" is required`.

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use serde_json::{Map, Value};

use crate::domain::password::{LONGEST, Password, Unusable};
use crate::http::error_response::{Http, Refusal};
use crate::http::request::strict_json::{self, quoted};
use crate::service::{Error, Result};
use crate::support::clock::Timestamp;
use crate::support::secret::SecretString;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The members of one JSON object.
#[derive(Debug, Default)]
pub struct Fields(Map<String, Value>);

/// A whole number, however it is written: `5.0` is one (JSON Schema 2020-12, 6.1.1).
#[must_use]
pub fn whole(value: &Value) -> Option<i64> {
    // Beyond it a number with a point stands for several.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_whole = |it: &f64| it.fract() == 0.0 && it.abs() < EXACT;
    #[expect(clippy::cast_possible_truncation, reason = "whole, and within 2^53")]
    let written = || value.as_f64().filter(is_whole).map(|it| it as i64);
    value.as_i64().or_else(written)
}

impl Fields {
    /// A byte order mark before the object is passed over (RFC 8259 section 8.1).
    ///
    /// # Errors
    /// `UNSUPPORTED_MEDIA_TYPE` where there is a body that is not declared as JSON in
    /// UTF-8; `INVALID_PAYLOAD` where it is no object, with the reason.
    pub fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        if body.is_empty() || body == BYTE_ORDER_MARK {
            return Ok(Self::default());
        }
        require_plain(headers)?;
        require_json(headers)?;
        Self::parse_of_any_type(headers, body)
    }

    /// The same, whatever its media type says: `curl -d` calls JSON a form (row P-07). Only
    /// for routes that take no cookie.
    ///
    /// # Errors
    /// As [`Fields::parse`].
    pub fn parse_of_any_type(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        if body.is_empty() {
            return Ok(Self::default());
        }
        require_plain(headers)?;
        Ok(Self(strict_json::object(body)?))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// # Errors
    /// `INVALID_PAYLOAD` where a field is present that is not among `known`.
    pub fn only(&self, known: &[&str]) -> Result<()> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(Error::payload(format!(
                "{} is not a field of this body, which may have {}",
                quoted(name),
                known.join(", ")
            ))),
        }
    }

    /// A text that may be absent; null is absent too, since many clients write it so.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD` where it is present and not a string.
    pub fn optional(&self, name: &str) -> Result<Option<&str>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::payload(format!("\"{name}\" must be a string"))),
        }
    }

    /// What the members are called.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The member as it came; null is there.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// An instant in milliseconds since 1970; null is there, and is none.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD` where it is no whole number, or of no year that is written in four digits.
    #[allow(
        clippy::option_option,
        reason = "null is another word than nothing: absent, null, or an instant"
    )]
    pub fn instant(&self, name: &str) -> Result<Option<Option<Timestamp>>> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(value) => match whole(value).and_then(Timestamp::checked) {
                Some(at) => Ok(Some(Some(at))),
                None => Err(Error::payload(format!(
                    "\"{name}\" must be epoch milliseconds, of the year 9999 at the latest"
                ))),
            },
        }
    }

    /// Whether it is there and true.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD` where it is neither true nor false.
    pub fn is_true(&self, name: &str) -> Result<bool> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(_) => Err(Error::payload(format!("\"{name}\" must be a boolean"))),
        }
    }

    /// A text that must be there and not be empty.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD`.
    pub fn required(&self, name: &str) -> Result<&str> {
        match self.optional(name)? {
            None if self.0.contains_key(name) => {
                Err(Error::payload(format!("\"{name}\" must be a string")))
            }
            None => Err(Error::payload(format!("\"{name}\" is required"))),
            Some("") => Err(Error::payload(format!(
                "\"{name}\" is not allowed to be empty"
            ))),
            Some(text) => Ok(text),
        }
    }
}

impl From<Map<String, Value>> for Fields {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

/// A second factor that may be absent, but not empty.
///
/// # Errors
/// `INVALID_PAYLOAD`.
pub fn otp(fields: &Fields) -> Result<Option<SecretString>> {
    match fields.optional("otp")? {
        None => Ok(None),
        Some(_) => fields.required("otp").map(|text| Some(text.into())),
    }
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

fn require_plain(headers: &HeaderMap) -> Result<(), Refusal> {
    // RFC 9110 section 8.4.1: "identity" is no encoding.
    let encoded = headers.get_all(CONTENT_ENCODING).any(|value| {
        let mut names = value
            .as_bytes()
            .split(|b| *b == b',')
            .map(<[u8]>::trim_ascii);
        names.any(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
    });
    if encoded {
        let message = "A body with a Content-Encoding is not taken: send it as it is.";
        return Err(Refusal::http(Http::UnsupportedMediaType, message));
    }
    Ok(())
}

fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let refuse = |message: &'static str| Err(Refusal::http(Http::UnsupportedMediaType, message));
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
            !name.trim().eq_ignore_ascii_case("charset") || is_utf8(value.trim().trim_matches('"'))
        })
    });
    if utf8 {
        Ok(())
    } else {
        refuse("Send the body in UTF-8: its Content-Type names another charset.")
    }
}

/// The labels of UTF-8, and of ASCII, which is part of it (WHATWG's Encoding and IANA's list).
fn is_utf8(charset: &str) -> bool {
    const LABELS: [&str; 8] = [
        "utf-8",
        "utf8",
        "unicode-1-1-utf-8",
        "unicode11utf8",
        "x-unicode20utf8",
        "us-ascii",
        "ascii",
        "ansi_x3.4-1968",
    ];
    LABELS
        .iter()
        .any(|label| label.eq_ignore_ascii_case(charset))
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
            "{}\u{feff}",
            "\u{feff}\u{feff}{}",
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
    fn i12_i13_clients_20_another_media_type_is_refused_and_each_name_of_utf_8_taken() {
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
            "application/json; charset=utf8",
            "application/json; charset=US-ASCII",
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
