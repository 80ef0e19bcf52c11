//! A document is read once before the library reads it: what it asks for, and what is written
//! otherwise for the library.

use std::borrow::Cow;
use std::ops::Range;

use crate::http::graphql::document::Document;
use crate::http::graphql::grammar::{Edit, Reader};
use crate::http::graphql::lenient_field::Loose;
use crate::http::graphql::lexer::{Fault, tokens};
use crate::http::graphql::limits::MOST_TOKENS;

/// What is read of a document.
#[derive(Debug)]
pub(super) struct Read<'d> {
    pub document: Document<'d>,
    /// As the library reads it; `None` where that is the document itself. Lines and columns of
    /// whatever stands behind what was changed are the same, where there is room.
    pub text: Option<String>,
    /// The names in the answer of what was asked for bare, and is `true` there.
    pub bare: Vec<&'d str>,
}

/// `is_type` says which types there are.
///
/// # Errors
/// Where it is no GraphQL, or too much of it.
pub(super) fn read(
    text: &str,
    loose: Option<Loose>,
    is_type: impl Fn(&str) -> bool,
) -> Result<Read<'_>, Fault> {
    let tokens = tokens(text, MOST_TOKENS)?;
    let mut reader = Reader::new(text, tokens, loose);
    let document = reader.document()?;
    let (mut edits, bare) = reader.edits();
    leave_out(&defaults_of_nothing(&document, is_type), &mut edits);
    Ok(Read {
        document,
        text: (!edits.is_empty()).then(|| edited(text, edits)),
        bare,
    })
}

/// The document as the library reads it; as it is where it can not be read.
#[must_use]
pub fn tightened(document: &str, loose: Loose) -> Cow<'_, str> {
    let text = read(document, Some(loose), |_| true)
        .ok()
        .and_then(|read| read.text);
    text.map_or(Cow::Borrowed(document), Cow::Owned)
}

/// The defaults of variables whose type is not there. The library looks their type up, and falls over
/// it; without a default it says that the type is unknown.
fn defaults_of_nothing(
    document: &Document<'_>,
    is_type: impl Fn(&str) -> bool,
) -> Vec<Range<usize>> {
    let variables = document.operations.iter().flat_map(|it| &it.variables);
    let unknown = variables.filter(|it| !is_type(it.of));
    unknown.filter_map(|it| it.default.clone()).collect()
}

/// What stands there is left out, with whatever was to stand there in another way.
fn leave_out(places: &[Range<usize>], edits: &mut Vec<Edit>) {
    if places.is_empty() {
        return;
    }
    edits.retain(|(at, _)| !places.iter().any(|place| place.contains(&at.start)));
    edits.extend(places.iter().map(|place| (place.clone(), String::new())));
    edits.sort_by_key(|(at, _)| at.start);
}

fn edited(text: &str, edits: Vec<Edit>) -> String {
    let (mut new, mut from) = (String::with_capacity(text.len() + 64), 0);
    for (at, word) in edits {
        new.push_str(&text[from..at.start]);
        let old = &text[at.clone()];
        new.push_str(&word);
        if let Some((lines, last)) = old.rsplit_once('\n') {
            // What follows stands in the line and the column where it stood.
            let breaks = lines.matches('\n').count() + 1;
            new.extend(std::iter::repeat_n('\n', breaks));
            new.extend(std::iter::repeat_n(' ', last.chars().count()));
        } else {
            let room = old.chars().count().saturating_sub(word.chars().count());
            new.extend(std::iter::repeat_n(' ', room));
        }
        from = at.end;
    }
    new.push_str(&text[from..]);
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::graphql::document::place;
    use crate::http::graphql::lexer::Why;

    const LOOSE: Loose = Loose {
        field: "publish",
        argument: "variables",
        bare: ("leave", "success"),
    };

    fn tightened(document: &str) -> String {
        let read = read(document, Some(LOOSE), |_| true).unwrap();
        let text = read.text.unwrap_or_else(|| document.to_owned());
        assert_eq!(text, super::tightened(document, LOOSE));
        text
    }

    fn refused(document: &str) -> Fault {
        read(document, Some(LOOSE), |_| true).unwrap_err()
    }

    #[test]
    fn line_breaks_and_objects_are_rewritten_in_the_one_field() {
        let document = "mutation { publish(input: { content: \"a\r\nb\nc \\\" d\" variables: \
                        { user: { name: \"J\nD\" } n: [1, -2.5, true, null, M] } }) { id } \
                        other(b: \"x\") }";
        let tight = tightened(document);
        let words: Vec<&str> = tight.split_whitespace().collect();
        assert_eq!(
            words.join(" "),
            "mutation { publish(input: { content: \"a\\nb\\nc \\\" d\" variables: \
             \"{\\\"user\\\":{\\\"name\\\":\\\"J\\\\nD\\\"},\\\"n\\\":[1,-2.5,true,null,\\\"M\\\"]}\" \
             }) { id } other(b: \"x\") }"
        );
        assert_eq!(tightened(&tight), tight, "once is enough");
        let place_of = |text: &str| place(text, text.find("other").unwrap());
        assert_eq!(place_of(&tight), (4, 46), "where it stood");
        assert_eq!(place_of(document), (4, 46));
    }

    #[test]
    fn what_means_the_same_is_written_as_the_library_reads_it() {
        for (document, tight) in [
            (
                "{ a(b: \"\"\"\n  x\n    \\\"\"\"\n\"\"\") }",
                "{ a(b: \"x\\n  \\\"\\\"\\\"\"\n\n\n   ) }",
            ),
            ("{ a(b: \"\"\"x\"\"\") }", "{ a(b: \"x\"    ) }"),
            ("{ a(b: \"\\u{0000041}\") }", "{ a(b: \"A\"          ) }"),
            ("query($x: Int = null) { a }", "query($x: Int       ) { a }"),
            (
                "\"\"\"said\"\"\" query A { a }",
                "\"said\"     query A { a }",
            ),
            (
                "{ publish(variables: { a: \"\"\"\n x\n\"\"\" }) { id } }",
                "{ publish(variables: \"{\\\"a\\\":\\\"x\\\"}\"\n\n     ) { id } }",
            ),
        ] {
            assert_eq!(tightened(document), tight);
        }
    }

    #[test]
    fn a_field_that_may_be_bare_gets_a_selection() {
        for (document, tight, bare) in [
            (
                "mutation { leave }",
                "mutation { leave { success } }",
                vec!["leave"],
            ),
            (
                "mutation($a: X!) { out: leave(b: $a) @skip(if: $a), leave }",
                "mutation($a: X!) { out: leave(b: $a) @skip(if: $a) { success }, leave { success } }",
                vec!["out", "leave"],
            ),
            (
                "mutation { leave { success } }",
                "mutation { leave { success } }",
                vec![],
            ),
            ("{ a { leave } }", "{ a { leave } }", vec![]),
            ("{ leave: a }", "{ leave: a }", vec![]),
        ] {
            assert_eq!(tightened(document), tight);
            let read = read(document, Some(LOOSE), |_| true).unwrap();
            assert_eq!(read.bare, bare);
        }
    }

    #[test]
    fn graphql_01_a_default_of_a_type_that_is_not_there_is_left_out() {
        for (document, tight) in [
            (
                "query($x: Nope = 1, $y: Int = 1) { a }",
                "query($x: Nope    , $y: Int = 1) { a }",
            ),
            (
                "query($x: [Nope] = [\"\"\"b\nc\"\"\", null] @d) { a(b: \"\"\"c\"\"\") }",
                "query($x: [Nope] \n            @d) { a(b: \"c\"    ) }",
            ),
            (
                "query($x: Nope = null) { a }",
                "query($x: Nope       ) { a }",
            ),
        ] {
            let read = read(document, None, |name| name != "Nope").unwrap();
            assert_eq!(read.text.as_deref(), Some(tight));
        }
    }

    #[test]
    fn everything_else_passes_through_unchanged() {
        for document in [
            "{ publish(variables: $v) { id } }",
            "query publish($variables: X = { a: 1 }) { id }",
            "{ id @publish(variables: { a: 1 }) }",
            "{ a(b: \"publish(variables: { a: 1 })\") }",
            "{ a # publish(variables: { a: 1 })\n }",
            "{ publish { id(variables: { a: 1 }) } }",
            "{ unpublish(variables: { a: 1 }) }",
            "{ a: query, on: on, true: fragment, null }",
            "\u{feff}query on($on: [Int!]! = [1,,2] @d) @e { ...on on { x } ... @f { y } ...g @h }",
            "\"said\" mutation A(\"it\" $a: Int) { b(c: [], d: {}, e: ENUM, f: -0, g: 1e5) }",
            "query A { a } query B { b } fragment c on D @e { f } subscription { g }",
            "query($x: Int! = null) { a }",
        ] {
            assert_eq!(tightened(document), document);
        }
    }

    #[test]
    fn what_is_no_graphql_is_refused_where_it_begins_to_be_none() {
        let deep = format!("{{ a(b: {}", "[".repeat(100));
        for (document, at, why) in [
            ("", 0, Why::End),
            (" # nothing", 10, Why::End),
            ("{", 1, Why::End),
            ("{ }", 2, Why::Other),
            ("{ a { } }", 6, Why::Other),
            ("{ a() }", 4, Why::Other),
            ("query() { a }", 6, Why::Other),
            ("{ a(b 1) }", 6, Why::Other),
            ("{ a(b: ) }", 7, Why::Other),
            ("{ a } }", 6, Why::Other),
            ("\"said\" { a }", 7, Why::Other),
            ("type A { b: Int }", 0, Why::Other),
            ("fragment on on A { b }", 9, Why::Other),
            ("query($a: Int = $b) { c }", 16, Why::Other),
            ("query($a: [Int) { c }", 14, Why::Other),
            ("{ a(b: \"x\ny\") }", 7, Why::Sign),
            (
                "{ publish(content: \"x\") { a(b: \"x\ny\") } }",
                31,
                Why::Sign,
            ),
            (&deep, 26, Why::TooDeep),
            ("{ publish(variables: { a: $v }) { id } }", 21, Why::Free),
            (
                "{ publish(variables: { a: 1, a: 2 }) { id } }",
                21,
                Why::Free,
            ),
        ] {
            assert_eq!(refused(document), Fault { at, why }, "{document}");
        }
    }
}
