//! Two things in a document that the grammar and the library refuse, and that work for the one
//! field whose original prints them: line breaks inside a quoted text, and an object for an
//! argument of free form. Both are rewritten before the library reads; every other document
//! passes through unchanged.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Number, Value};

/// Which field, and which of its arguments is of free form: a text of JSON for the library.
#[derive(Clone, Copy)]
pub struct Loose {
    pub field: &'static str,
    pub argument: &'static str,
}

/// Deeper nested is no object of free form.
const DEEPEST: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Name,
    Text,
    /// A text between three quotes.
    Block,
    Number,
    /// One sign.
    Sign,
}

struct Token {
    kind: Kind,
    at: Range<usize>,
}

/// The document as the library reads it.
#[must_use]
pub fn tightened(document: &str, loose: Loose) -> Cow<'_, str> {
    if !document.contains(loose.field) {
        return Cow::Borrowed(document);
    }
    let Some(tokens) = tokens(document) else {
        return Cow::Borrowed(document);
    };
    let reader = Reader { document, tokens };
    let edits = reader.edits(loose);
    if edits.is_empty() {
        return Cow::Borrowed(document);
    }
    let (mut text, mut from) = (String::with_capacity(document.len()), 0);
    for (at, new) in edits {
        text.push_str(&document[from..at.start]);
        text.push_str(&new);
        from = at.end;
    }
    text.push_str(&document[from..]);
    Cow::Owned(text)
}

/// What stands in the document; `None` where it is no GraphQL in another way, too.
fn tokens(document: &str) -> Option<Vec<Token>> {
    let bytes = document.as_bytes();
    let (mut tokens, mut at) = (Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        let (kind, length) = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                let rest = &bytes[at..];
                let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
                at += end.unwrap_or(rest.len());
                continue;
            }
            b'"' => text(&bytes[at..])?,
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => (Kind::Name, run(&bytes[at..], is_of_name)),
            b'-' | b'0'..=b'9' => (Kind::Number, run(&bytes[at..], is_of_number)),
            _ if byte.is_ascii_punctuation() => (Kind::Sign, 1),
            _ => return None,
        };
        tokens.push(Token {
            kind,
            at: at..at + length,
        });
        at += length;
    }
    Some(tokens)
}

fn run(bytes: &[u8], belongs: fn(u8) -> bool) -> usize {
    let others = bytes.iter().position(|byte| !belongs(*byte));
    others.unwrap_or(bytes.len())
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

const fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

/// A text from its first quote to its last.
fn text(bytes: &[u8]) -> Option<(Kind, usize)> {
    const THREE: &[u8] = b"\"\"\"";
    let mut at = 1;
    if bytes.starts_with(THREE) {
        at = 3;
        loop {
            let rest = bytes.get(at..)?;
            if rest.starts_with(b"\\\"\"\"") {
                at += 4;
            } else if rest.starts_with(THREE) {
                return Some((Kind::Block, at + 3));
            } else {
                at += 1;
            }
        }
    }
    loop {
        match bytes.get(at)? {
            b'"' => return Some((Kind::Text, at + 1)),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

struct Reader<'d> {
    document: &'d str,
    tokens: Vec<Token>,
}

type Edits = Vec<(Range<usize>, String)>;

impl Reader<'_> {
    fn word(&self, index: usize) -> &str {
        let token = self.tokens.get(index);
        token.map_or("", |token| &self.document[token.at.clone()])
    }

    fn is(&self, index: usize, kind: Kind) -> bool {
        self.tokens.get(index).is_some_and(|it| it.kind == kind)
    }

    fn edits(&self, loose: Loose) -> Edits {
        let (mut edits, mut index, mut depth) = (Vec::new(), 0, 0_usize);
        while index < self.tokens.len() {
            match (self.tokens[index].kind, self.word(index)) {
                (Kind::Sign, "{") => depth += 1,
                (Kind::Sign, "}") => depth = depth.saturating_sub(1),
                // Inside of a selection, and no directive: it is a field.
                (Kind::Name, name)
                    if depth > 0
                        && name == loose.field
                        && self.word(index + 1) == "("
                        && (index == 0 || self.word(index - 1) != "@") =>
                {
                    index = self.of_arguments(index + 2, loose.argument, &mut edits);
                    continue;
                }
                _ => {}
            }
            index += 1;
        }
        edits
    }

    /// What is rewritten among the arguments; the index behind them.
    fn of_arguments(&self, mut index: usize, argument: &str, edits: &mut Edits) -> usize {
        while index < self.tokens.len() {
            let at = &self.tokens[index].at;
            match (self.tokens[index].kind, self.word(index)) {
                (Kind::Sign, ")") => return index + 1,
                (Kind::Text, text) if text.contains(['\n', '\r']) => {
                    edits.push((at.clone(), one_line(text)));
                }
                (Kind::Name, name)
                    if name == argument
                        && self.word(index + 1) == ":"
                        && self.word(index + 2) == "{" =>
                {
                    if let Some((value, behind)) = self.value(index + 2, 0) {
                        let from = self.tokens[index + 2].at.start;
                        let to = self.tokens[behind - 1].at.end;
                        let text = Value::String(value.to_string()).to_string();
                        edits.push((from..to, text));
                        index = behind;
                        continue;
                    }
                }
                _ => {}
            }
            index += 1;
        }
        index
    }

    /// A constant as JSON, and the index behind it; `None` where it is none.
    fn value(&self, index: usize, depth: usize) -> Option<(Value, usize)> {
        if depth > DEEPEST {
            return None;
        }
        let word = self.word(index);
        if self.is(index, Kind::Name) {
            let value = match word {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                word => word.into(),
            };
            return Some((value, index + 1));
        }
        if self.is(index, Kind::Number) {
            let number: Number = word.parse().ok()?;
            return Some((number.into(), index + 1));
        }
        if self.is(index, Kind::Text) {
            let text: String = serde_json::from_str(&one_line(word)).ok()?;
            return Some((text.into(), index + 1));
        }
        match word {
            "[" => self.list(index + 1, depth + 1),
            "{" => self.object(index + 1, depth + 1),
            _ => None,
        }
    }

    fn list(&self, mut index: usize, depth: usize) -> Option<(Value, usize)> {
        let mut list = Vec::new();
        while self.word(index) != "]" {
            let (value, behind) = self.value(index, depth)?;
            list.push(value);
            index = behind;
        }
        Some((list.into(), index + 1))
    }

    fn object(&self, mut index: usize, depth: usize) -> Option<(Value, usize)> {
        let mut object = Map::new();
        while self.word(index) != "}" {
            if !self.is(index, Kind::Name) || self.word(index + 1) != ":" {
                return None;
            }
            let (value, behind) = self.value(index + 2, depth)?;
            let before = object.insert(self.word(index).to_owned(), value);
            if before.is_some() {
                return None;
            }
            index = behind;
        }
        Some((object.into(), index + 1))
    }
}

/// A quoted text whose line breaks are written as such.
fn one_line(text: &str) -> String {
    text.replace("\r\n", "\\n").replace(['\n', '\r'], "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOSE: Loose = Loose {
        field: "publish",
        argument: "variables",
    };

    #[test]
    fn line_breaks_and_objects_are_rewritten_in_the_one_field() {
        let document = "mutation { publish(input: { content: \"a\r\nb\nc \\\" d\" variables: \
                        { user: { name: \"J\nD\" } n: [1, -2.5, true, null, M] } }) { id } \
                        other(variables: { a: 1 } b: \"x\ny\") }";
        let tight = tightened(document, LOOSE);
        assert_eq!(
            tight,
            "mutation { publish(input: { content: \"a\\nb\\nc \\\" d\" variables: \
             \"{\\\"user\\\":{\\\"name\\\":\\\"J\\\\nD\\\"},\\\"n\\\":[1,-2.5,true,null,\\\"M\\\"]}\" \
             }) { id } other(variables: { a: 1 } b: \"x\ny\") }"
        );
        assert_eq!(tightened(&tight, LOOSE), tight, "once is enough");
    }

    #[test]
    fn everything_else_passes_through_unchanged() {
        let deep = format!(
            "{{ publish(variables: {}1{}) }}",
            "{a:".repeat(20),
            "}".repeat(20)
        );
        for document in [
            "{ publish(variables: $v) { id } }",
            "{ publish(variables: { a: $v }) { id } }",
            "{ publish(variables: { a: 1, a: 2 }) { id } }",
            "{ publish(variables: { a: \"\"\"x\"\"\" }) { id } }",
            "{ publish(variables: { a: \"\\u{41}\" }) { id } }",
            "{ publish(variables: { a 1 }) { id } }",
            "{ publish(variables: { a: 1 ",
            "{ publish(content: \"x\ny",
            "{ publish(content: \"\"\"x\ny\"\"\") { id } }",
            "query publish($variables: X = { a: 1 }) { id }",
            "{ id @publish(variables: { a: 1 }) }",
            "{ a(b: \"publish(variables: { a: 1 })\") }",
            "{ a # publish(variables: { a: 1 })\n }",
            "{ publish { id(variables: { a: 1 }) } }",
            "{ unpublish(variables: { a: 1 }) }",
            "{ publish(content: \"\u{e9}\") { \u{e9} } }",
            &deep,
        ] {
            assert_eq!(tightened(document, LOOSE), document);
        }
    }
}
