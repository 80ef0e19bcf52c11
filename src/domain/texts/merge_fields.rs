//! `{{var:user.firstName}}` and `{{var:name:default}}` in a text, filled in from values, as
//! Mailjet writes them (seed P). What is filled in is not looked at again.

use serde_json::Value;

const BEGIN: &str = "{{var:";
const END: &str = "}}";

/// The text with its fields filled in; `write` makes each value fit for where it goes. One that
/// has neither a value nor a default is empty.
#[must_use]
pub fn filled_in(text: &str, values: &Value, write: fn(&str) -> String) -> String {
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, from)) = rest.split_once(BEGIN) {
        filled.push_str(before);
        let Some((field, behind)) = from.split_once(END) else {
            filled.push_str(BEGIN);
            rest = from;
            continue;
        };
        filled.push_str(&write(&value_of(field, values)));
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

fn value_of(field: &str, values: &Value) -> String {
    let (path, default) = match field.split_once(':') {
        Some((path, default)) => (path, default.trim().trim_matches('"')),
        None => (field, ""),
    };
    let found = path
        .split('.')
        .try_fold(values, |value, name| value.get(name.trim()));
    match found {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(truth)) => truth.to_string(),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => default.to_owned(),
    }
}

/// For HTML, between tags and in quoted attributes.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn p34_fields_are_filled_in_once_and_escaped() {
        let values = json!({
            "user": { "firstName": "J<b>", "n": 3, "yes": true },
            "twice": "{{var:user.n}}",
        });
        for (text, filled) in [
            ("Dear {{var:user.firstName}},", "Dear J&lt;b&gt;,"),
            ("{{var:user.n}} {{var:user.yes}}", "3 true"),
            ("{{var:nobody:friend}}", "friend"),
            ("{{var:nobody:\"dear friend\"}}", "dear friend"),
            ("{{var:user.firstName:x}}", "J&lt;b&gt;"),
            ("{{var:nobody}}|{{var:user}}|{{var:user.n.x:y}}", "||y"),
            ("{{var:twice}}", "{{var:user.n}}"),
            ("{{var:open", "{{var:open"),
            ("{{other}} {{var:}}", "{{other}} "),
            ("{{var:nobody:<i>}}", "&lt;i&gt;"),
        ] {
            assert_eq!(filled_in(text, &values, escaped), filled, "{text}");
        }
    }
}
