//! The values of a document: what they mean, and what the library would read otherwise.

use serde_json::{Map, Number, Value};

use crate::http::graphql::grammar::{Parsed, Reader};
use crate::http::graphql::lexer::{Kind, Why, fault};
use crate::http::graphql::string_literals;

impl<'d> Reader<'d> {
    /// The name and the value, as far as it is JSON.
    pub(super) fn argument(&mut self, is_constant: bool) -> Parsed<(&'d str, Option<Value>)> {
        let name = self.name()?;
        self.expect(":")?;
        let free = self.is_loose && self.loose.is_some_and(|it| it.argument == name);
        let (from, edits) = (self.next, self.edits.len());
        let value = self.value(is_constant)?;
        let at = self.tokens[from].at.start..self.tokens[self.next - 1].at.end;
        match &value {
            Some(object @ Value::Object(_)) if free => {
                // A text of JSON for the library.
                self.edits.truncate(edits);
                self.edits
                    .push((at, string_literals::written(&object.to_string())));
            }
            None if free && self.text[at.clone()].starts_with('{') => {
                return Err(fault(at.start, Why::Free));
            }
            _ => {}
        }
        Ok((name, value))
    }

    /// A value as JSON; `None` where it is none, for it holds a variable, a name twice, or a
    /// number that JSON has no room for.
    pub(super) fn value(&mut self, is_constant: bool) -> Parsed<Option<Value>> {
        let word = self.word();
        match self.kind() {
            Some(Kind::Name) => {
                self.next += 1;
                Ok(Some(match word {
                    "true" => true.into(),
                    "false" => false.into(),
                    "null" => Value::Null,
                    word => word.into(),
                }))
            }
            Some(Kind::Number) => {
                self.next += 1;
                Ok(word.parse::<Number>().ok().map(Value::Number))
            }
            Some(Kind::Text | Kind::Block) => self.one_text().map(|text| Some(text.into())),
            Some(Kind::Sign) if word == "$" && !is_constant => {
                self.next += 1;
                self.name().map(|_| None)
            }
            Some(Kind::Sign) if word == "[" => self.nested(|it| it.list(is_constant)),
            Some(Kind::Sign) if word == "{" => self.nested(|it| it.object(is_constant)),
            _ => Err(self.other()),
        }
    }

    fn list(&mut self, is_constant: bool) -> Parsed<Option<Value>> {
        self.next += 1;
        let mut all = Some(Vec::new());
        while !self.skip("]") {
            let value = self.value(is_constant)?;
            all = all.zip(value).map(|(mut all, value)| {
                all.push(value);
                all
            });
        }
        Ok(all.map(Value::Array))
    }

    fn object(&mut self, is_constant: bool) -> Parsed<Option<Value>> {
        self.next += 1;
        let mut all = Some(Map::new());
        while !self.skip("}") {
            let (name, value) = self.argument(is_constant)?;
            all = all.zip(value).and_then(|(mut all, value)| {
                let before = all.insert(name.to_owned(), value);
                before.is_none().then_some(all)
            });
        }
        Ok(all.map(Value::Object))
    }

    /// What a text means. What the library would read otherwise is written otherwise for it.
    pub(super) fn one_text(&mut self) -> Parsed<String> {
        let token = self.take()?;
        let text = &self.text[token.at.clone()];
        if token.kind == Kind::Block {
            let meant = string_literals::block(text);
            self.edits
                .push((token.at, string_literals::written(&meant)));
            return Ok(meant);
        }
        if text.contains(['\n', '\r']) {
            if !self.is_loose {
                return Err(fault(token.at.start, Why::Sign));
            }
            // Whatever ends its lines.
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            let meant = string_literals::quoted(&text).ok_or(fault(token.at.start, Why::Sign))?;
            self.edits
                .push((token.at, string_literals::written(&meant)));
            return Ok(meant);
        }
        let meant = string_literals::quoted(text).ok_or(fault(token.at.start, Why::Sign))?;
        if text.contains("\\u{") {
            self.edits
                .push((token.at, string_literals::written(&meant)));
        }
        Ok(meant)
    }
}
