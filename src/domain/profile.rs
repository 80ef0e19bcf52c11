//! What is known of a person beside the names and addresses that an account is found by.
//! Every text has a bound, and none holds a control character: profiles are shown in mails,
//! tables and logs of other people's applications.

use serde_json::{Map, Value};

use crate::domain::texts::name_characters::trimmed;
use crate::support::clock::Timestamp;

/// The most characters of a name, a company and the like.
const LONGEST_TEXT: usize = 128;

/// The most bytes of the postal address and of the attributes, as JSON.
const LARGEST_ADDRESS: usize = 2 * 1024;
const LARGEST_ATTRIBUTES: usize = 8 * 1024;

/// The most groups that an account is in.
const MOST_GROUPS: usize = 64;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    pub middle_name: Option<String>,
    pub gender: Option<String>,
    pub company: Option<String>,
    /// `2001-02-03` (RFC 3339 full-date).
    pub date_of_birth: Option<String>,
    /// A text or an object, as the application keeps addresses.
    pub address: Option<Value>,
    /// A language tag (BCP 47), in which mails are written.
    pub language: Option<String>,
    pub parent_id: Option<i64>,
    pub groups: Vec<String>,
    /// The application's own.
    pub attributes: Map<String, Value>,
    pub terms: Option<Terms>,
}

/// Which terms were accepted, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub version: String,
    pub accepted_at: Timestamp,
}

/// One telephone of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    pub value: String,
    pub verified: bool,
    pub is_primary: bool,
}

/// Why a value can stand in no profile, to stand behind the name of its field.
pub type Unfit = &'static str;

/// A name, a company, a gender: one line, without white space around it. Empty is absent.
///
/// # Errors
/// [`Unfit`].
pub fn line(text: &str) -> Result<Option<String>, Unfit> {
    let text = trimmed(text);
    if text.chars().count() > LONGEST_TEXT {
        return Err("length must be less than or equal to 128 characters long");
    }
    if text.chars().any(turns_the_line) {
        return Err("must not hold control characters");
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Ends a line, or turns the order of what is shown behind it.
fn turns_the_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A day of the calendar that has been.
///
/// # Errors
/// [`Unfit`].
pub fn day(text: &str, now: Timestamp) -> Result<String, Unfit> {
    let wanted = "must be a day that has been, such as 2001-02-03";
    // A time behind the day is passed over: clients write dates by toISOString().
    let day = text.split_once('T').map_or(text, |(day, _)| day);
    let mut parts = day.splitn(3, '-').map(|part| {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u32>().ok().filter(|_| digits)
    });
    let (Some(Some(year)), Some(Some(month)), Some(Some(date))) =
        (parts.next(), parts.next(), parts.next())
    else {
        return Err(wanted);
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    let is_day = day.len() == 10 && (1800..=9999).contains(&year) && (1..=days).contains(&date);
    // A day has begun somewhere up to 14 hours before it begins in UTC.
    let latest = Timestamp::from_millis(now.millis() + 14 * 3_600_000).iso();
    if is_day && day <= &latest[..10] {
        Ok(day.to_owned())
    } else {
        Err(wanted)
    }
}

/// `en`, `nl-BE`, `zh-Hant-TW`.
///
/// # Errors
/// [`Unfit`].
pub fn language(text: &str) -> Result<String, Unfit> {
    let fits = text.len() <= 35
        && text.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
        && text.starts_with(|first: char| first.is_ascii_alphabetic());
    if fits {
        Ok(text.to_owned())
    } else {
        Err("must be a language tag such as en or nl-BE")
    }
}

/// A number to call, as people write them: `+358 40 123 4567`, `(030) 12 34-56`.
///
/// # Errors
/// [`Unfit`].
pub fn phone(text: &str) -> Result<Option<String>, Unfit> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let signs = text
        .chars()
        .all(|c| c.is_ascii_digit() || " +-()/.".contains(c));
    if signs && (3..=20).contains(&digits) && text.len() <= 40 {
        Ok(Some(text.to_owned()))
    } else {
        Err("must be a telephone number such as +358 40 123 4567")
    }
}

/// A text or an object.
///
/// # Errors
/// [`Unfit`].
pub fn address(value: &Value) -> Result<Option<Value>, Unfit> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(_) | Value::Object(_) if value.to_string().len() <= LARGEST_ADDRESS => {
            Ok(Some(value.clone()))
        }
        Value::String(_) | Value::Object(_) => Err("must not be larger than 2 KiB"),
        _ => Err("must be a string or an object"),
    }
}

/// # Errors
/// [`Unfit`].
pub fn attributes(value: &Value) -> Result<Map<String, Value>, Unfit> {
    match value {
        Value::Null => Ok(Map::new()),
        Value::Object(map) if value.to_string().len() <= LARGEST_ATTRIBUTES => Ok(map.clone()),
        Value::Object(_) => Err("must not be larger than 8 KiB"),
        _ => Err("must be an object"),
    }
}

/// Names of groups. Each once, in the order in which they came.
///
/// # Errors
/// [`Unfit`].
pub fn groups(names: impl IntoIterator<Item = String>) -> Result<Vec<String>, Unfit> {
    let mut groups: Vec<String> = Vec::new();
    for name in names {
        let name = line(&name)?.ok_or("must not hold an empty name")?;
        if !groups.contains(&name) {
            groups.push(name);
        }
        if groups.len() > MOST_GROUPS {
            return Err("must not hold more than 64 names");
        }
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

    #[test]
    fn y12_a_date_of_birth_is_a_day_that_has_been() {
        for text in ["2000-02-29", "1999-12-31", "2026-01-01"] {
            assert_eq!(day(text, NOW).as_deref(), Ok(text));
        }
        assert_eq!(
            day("2001-02-03T00:00:00.000Z", NOW).as_deref(),
            Ok("2001-02-03")
        );
        for text in [
            "",
            "2001-02-29",
            "2001-13-01",
            "2001-00-10",
            "2001-1-1",
            "01-02-2001",
            "2026-01-02",
            "9999-01-01",
            "0000-01-01",
            "+001-02-03",
            "2001-02-3x",
            "２００１-02-03",
        ] {
            assert!(day(text, NOW).is_err(), "{text}");
        }
    }

    #[test]
    fn y14_telephones_are_numbers_to_call() {
        for text in ["+358 40 123 4567", "112", "(030) 12/34-56.7", " 040 1 "] {
            assert_eq!(phone(text).unwrap().as_deref(), Some(text.trim()));
        }
        assert_eq!(phone("  "), Ok(None));
        for text in [
            "12",
            "call me",
            "1234567890123456789012",
            "+49\n30 1234",
            "<b>112</b>",
        ] {
            assert!(phone(text).is_err(), "{text}");
        }
    }

    #[test]
    fn p09_y19_texts_and_attributes_have_bounds() {
        assert_eq!(line("  Ada "), Ok(Some("Ada".to_owned())));
        assert_eq!(line(""), Ok(None));
        assert_eq!(line("\u{200b}"), Ok(None), "nobody sees it");
        assert!(line(&"a".repeat(129)).is_err());
        assert!(line("a\nb").is_err() && line("a\u{202e}b").is_err());
        assert!(attributes(&json!({ "a": "x".repeat(8000) })).is_ok());
        assert!(attributes(&json!({ "a": "x".repeat(8200) })).is_err());
        assert!(attributes(&json!([1])).is_err());
        assert!(address(&json!({ "street": "x" })).is_ok() && address(&json!(5)).is_err());
        assert_eq!(groups(["a".to_owned(), "a".to_owned()]).unwrap(), ["a"]);
        assert!(groups((0..65).map(|n| n.to_string())).is_err());
        for text in ["en", "nl-BE", "zh-Hant-TW"] {
            assert!(language(text).is_ok(), "{text}");
        }
        for text in ["", "-", "en_US", "e n", "../en", &"a-".repeat(20)] {
            assert!(language(text).is_err(), "{text}");
        }
    }
}
