//! Two things in a document that the grammar and the library refuse, and that work for the one
//! field whose original prints them: line breaks inside a quoted text, and an object for an
//! argument of free form. Both are written otherwise before the library reads; every other
//! document passes through as it is, but for what means the same (docs/decisions/0135).

use std::borrow::Cow;

use crate::http::graphql::document::read;

/// Which field, and which of its arguments is of free form: a text of JSON for the library.
#[derive(Clone, Copy)]
pub struct Loose {
    pub field: &'static str,
    pub argument: &'static str,
}

/// The document as the library reads it; as it is where it can not be read.
#[must_use]
pub fn tightened(document: &str, loose: Loose) -> Cow<'_, str> {
    let text = read(document, Some(loose)).ok().and_then(|read| read.text);
    text.map_or(Cow::Borrowed(document), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::graphql::document::place;
    use crate::http::graphql::tokens::{Fault, Why};

    const LOOSE: Loose = Loose {
        field: "publish",
        argument: "variables",
    };

    fn tightened(document: &str) -> String {
        let read = read(document, Some(LOOSE)).unwrap();
        let text = read.text.unwrap_or_else(|| document.to_owned());
        assert_eq!(text, super::tightened(document, LOOSE));
        text
    }

    fn refused(document: &str) -> Fault {
        read(document, Some(LOOSE)).unwrap_err()
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
