//! What a document is written in: names, numbers, texts and signs, as the grammar has them. The
//! library's own lexer takes some of them for others (docs/decisions/0135).

use std::ops::Range;

use crate::http::graphql::string_literals;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Name,
    /// Between two quotes. Line breaks in it are looked at by whoever knows where it stands.
    Text,
    /// Between three quotes.
    Block,
    Number,
    /// `...`
    Spread,
    /// One sign.
    Sign,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub at: Range<usize>,
}

/// Why a document is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Why {
    /// A text that does not end, or a sign that means nothing.
    Sign,
    /// Something else must stand there.
    Other,
    End,
    TooDeep,
    TooLong,
    /// An object of free form that is no JSON.
    Free,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    /// The first byte of what is wrong.
    pub at: usize,
    pub why: Why,
}

pub(super) const fn fault(at: usize, why: Why) -> Fault {
    Fault { at, why }
}

/// What stands in the document, `most` of it.
///
/// # Errors
/// Where it is no GraphQL, or holds more.
pub(super) fn tokens(document: &str, most: usize) -> Result<Vec<Token>, Fault> {
    let bytes = document.as_bytes();
    let (mut tokens, mut at) = (Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let (kind, length) = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
                at += end.unwrap_or(rest.len());
                continue;
            }
            _ if rest.starts_with(MARK) => {
                at += MARK.len();
                continue;
            }
            b'"' => text(&document[at..]).ok_or(fault(at, Why::Sign))?,
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => (Kind::Name, run(rest, is_of_name)),
            b'-' | b'0'..=b'9' => {
                let length = number(rest).ok_or(fault(at, Why::Sign))?;
                (Kind::Number, length)
            }
            b'.' if rest.starts_with(b"...") => (Kind::Spread, 3),
            b'!' | b'$' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|'
            | b'}' => (Kind::Sign, 1),
            _ => return Err(fault(at, Why::Sign)),
        };
        if tokens.len() == most {
            return Err(fault(at, Why::TooLong));
        }
        tokens.push(Token {
            kind,
            at: at..at + length,
        });
        at += length;
    }
    Ok(tokens)
}

/// A byte order mark is white space wherever it stands.
const MARK: &[u8] = "\u{feff}".as_bytes();

fn run(bytes: &[u8], belongs: fn(u8) -> bool) -> usize {
    let others = bytes.iter().position(|byte| !belongs(*byte));
    others.unwrap_or(bytes.len())
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn digits(bytes: &[u8]) -> usize {
    run(bytes, |byte| byte.is_ascii_digit())
}

/// The length of a number; no digit, dot or name may follow it at once.
fn number(bytes: &[u8]) -> Option<usize> {
    let mut at = usize::from(bytes[0] == b'-');
    let whole = digits(&bytes[at..]);
    if whole == 0 || (whole > 1 && bytes[at] == b'0') {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let part = digits(&bytes[at + 1..]);
        if part == 0 {
            return None;
        }
        at += 1 + part;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        let power = digits(bytes.get(at..).unwrap_or_default());
        if power == 0 {
            return None;
        }
        at += power;
    }
    let next = bytes.get(at).copied().unwrap_or(b' ');
    (!is_of_name(next) && next != b'.').then_some(at)
}

/// A text from its first quote to its last.
fn text(document: &str) -> Option<(Kind, usize)> {
    if let Some(inside) = document.strip_prefix(string_literals::THREE) {
        let mut at = 0;
        loop {
            let rest = inside.get(at..)?;
            if rest.starts_with(string_literals::ESCAPED) {
                at += string_literals::ESCAPED.len();
            } else if rest.starts_with(string_literals::THREE) {
                return Some((Kind::Block, at + 2 * string_literals::THREE.len()));
            } else {
                at += rest.chars().next()?.len_utf8();
            }
        }
    }
    let bytes = document.as_bytes();
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    let whole = document.get(..=at)?;
    string_literals::quoted(whole).map(|_| (Kind::Text, whole.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_tokens_are_those_of_the_grammar() {
        let document = "\u{feff}query on($a:[Int!]=-0){...f,true(b:1.5e+3 c:\"x\\\"\" d:\"\"\"y\\\"\"\"\"\"\" e:\"\") # z\r&|@}";
        let tokens = tokens(document, 100).unwrap();
        let words: Vec<&str> = tokens.iter().map(|it| &document[it.at.clone()]).collect();
        assert_eq!(
            words,
            [
                "query",
                "on",
                "(",
                "$",
                "a",
                ":",
                "[",
                "Int",
                "!",
                "]",
                "=",
                "-0",
                ")",
                "{",
                "...",
                "f",
                "true",
                "(",
                "b",
                ":",
                "1.5e+3",
                "c",
                ":",
                "\"x\\\"\"",
                "d",
                ":",
                "\"\"\"y\\\"\"\"\"\"\"",
                "e",
                ":",
                "\"\"",
                ")",
                "&",
                "|",
                "@",
                "}"
            ]
        );
    }

    #[test]
    fn x_what_is_no_token_is_refused_where_it_stands() {
        for (document, at) in [
            ("{ ? }", 2),
            ("{ a\u{e9} }", 3),
            ("{ a(b: 01) }", 7),
            ("{ a(b: -) }", 7),
            ("{ a(b: 1.) }", 7),
            ("{ a(b: 1e) }", 7),
            ("{ a(b: 1x) }", 7),
            ("{ a(b: 1.2.3) }", 7),
            ("{ ..a }", 2),
            ("{ a(b: \"x) }", 7),
            ("{ a(b: \"\\x\") }", 7),
            ("{ a(b: \"\\ud800\") }", 7),
            ("{ a(b: \"\\u{110000}\") }", 7),
            ("{ a(b: \"\"\"x) }", 7),
            ("{ a(b: \"\"\"x\\\"\"\") }", 7),
        ] {
            assert_eq!(
                tokens(document, 100).unwrap_err(),
                fault(at, Why::Sign),
                "{document}"
            );
        }
        let long = tokens("a b c", 2).unwrap_err();
        assert_eq!(long, fault(4, Why::TooLong));
    }
}
