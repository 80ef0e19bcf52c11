//! `{{var:user.firstName}}` and `{{ var:name:default }}` in a text, filled in from values, as
//! Mailjet writes them (seed P). What is filled in is not looked at again.

use serde_json::Value;

/// The text with its fields filled in; `write` makes each value fit for where it goes. One that
/// has neither a value nor a default is empty. `None` where a field is another one than these, or a
/// statement (`{% if … %}`): a mail that shows it to its reader is not the one that was meant.
#[must_use]
pub fn filled_in(text: &str, values: &Value, write: fn(&str) -> String) -> Option<String> {
    // Where the last one ends, so that what never ends is not looked for from each beginning.
    let (last_field, last_statement) = (text.rfind("}}"), text.rfind("%}"));
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, from)) = rest.split_once('{') {
        filled.push_str(before);
        let ends = |last: Option<usize>| last.is_some_and(|last| last >= text.len() - from.len());
        // Of three braces the last two are the field's.
        let field = from.strip_prefix('{').filter(|it| !it.starts_with('{'));
        let field = field.filter(|_| ends(last_field));
        if let Some((field, behind)) = field.and_then(|it| it.split_once("}}")) {
            let field = field.trim().strip_prefix("var:")?;
            filled.push_str(&write(&value_of(field, values)?));
            rest = behind;
        } else if from.starts_with('%') && ends(last_statement) {
            return None;
        } else {
            filled.push('{');
            rest = from;
        }
    }
    filled.push_str(rest);
    Some(filled)
}

/// `None` where the name is none: what Mailjet computes (`{{var:a + 1}}`) is not computed here.
fn value_of(field: &str, values: &Value) -> Option<String> {
    let (path, default) = match field.split_once(':') {
        Some((path, default)) => (path, default.trim().trim_matches('"')),
        None => (field, ""),
    };
    let fits = |sign: char| sign.is_alphanumeric() || "_-. ".contains(sign);
    if !path.chars().all(fits) {
        return None;
    }
    let found = path
        .split('.')
        .try_fold(values, |value, name| value.get(name.trim()));
    Some(match found {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(truth)) => truth.to_string(),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => default.to_owned(),
    })
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
            ("{{{var:user.n}}} {{var:}}", "{3} "),
            ("{{var:nobody:<i>}}", "&lt;i&gt;"),
            ("{ {{ var:user.n }} {{\nvar:nobody: \"x\" }} {", "{ 3 x {"),
            (
                "a{b:c}@media{d{e:f}} 5 {% {{",
                "a{b:c}@media{d{e:f}} 5 {% {{",
            ),
        ] {
            let found = filled_in(text, &values, escaped);
            assert_eq!(found.as_deref(), Some(filled), "{text}");
        }
    }

    #[test]
    fn clients_43_what_is_not_filled_in_here_is_told() {
        let values = json!({ "a": 1 });
        for text in [
            "{{data:a}}",
            "{{ a }}",
            "{{}}",
            "{{var a}}",
            "{{var:a + 1}}",
            "{{var:a | upper}}",
            "{{var:open {{var:a}}",
            "{% if var:a %}x{% endif %}",
        ] {
            assert_eq!(filled_in(text, &values, escaped), None, "{text}");
        }
    }
}
