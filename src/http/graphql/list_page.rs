//! A part of a list.

use serde_json::Value;

use crate::http::request::fields::Fields;
use crate::service::{Error, Result};

/// The part of a list that its arguments choose. An element is known by its id, or by its
/// value.
pub(super) fn chosen(list: Option<&Value>, fields: &Fields) -> Result<Value> {
    let Some(Value::Array(list)) = list else {
        return Ok(Value::Null);
    };
    let key = |it: &Value| {
        let key = ["id", "value", "name", "at"]
            .into_iter()
            .find_map(|key| it.get(key));
        key.and_then(Value::as_str).map(str::to_owned)
    };
    let after = fields.optional("after")?;
    let begin = match after {
        None => 0,
        Some(after) => {
            // The last of them, so that a walk ends whatever is in the list.
            let at = list
                .iter()
                .rposition(|it| key(it).as_deref() == Some(after));
            at.map_or(list.len(), |at| at + 1)
        }
    };
    let first = match fields.value("first").and_then(Value::as_i64) {
        None => list.len(),
        Some(first) => usize::try_from(first)
            .map_err(|_| Error::payload("\"first\" must not be less than 0"))?,
    };
    Ok(list.iter().skip(begin).take(first).cloned().collect())
}
