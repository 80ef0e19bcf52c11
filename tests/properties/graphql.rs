//! The reader in front of GraphQL rewrites what stands among the arguments of `publishEmailEvent`,
//! and nothing else but what means the same, whatever else stands in the document.

use keyward::http::fuzz_targets::tightened;
use proptest::prelude::*;

/// Pieces of a selection that look like the one field, and are not it; none may be changed.
fn others() -> impl Strategy<Value = String> {
    let fixed = [
        "publishEmailEvent",
        "publishEmailEvent { messageId }",
        "publishEmailEvent: other(variables: { a: 1 })",
        "other(variables: { a: 1 } content: \"x\")",
        "x @publishEmailEvent(variables: { a: 1 })",
        "# publishEmailEvent(variables: { a: 1 })\n",
        "# \" publishEmailEvent(variables: { a: \"\n",
        "x(y: \"publishEmailEvent(variables: { a: 1 })\")",
        "x(y: \"\\\" publishEmailEvent(variables: { a: 1 })\")",
        "x(y: \"\\\\\")",
        "x(publishEmailEvent: { variables: { a: 1 } })",
        "publishEmailEvents(variables: { a: 1 })",
        "_publishEmailEvent(variables: { a: 1 })",
        "publishEmailEvent(variables: $v)",
        "publishEmailEvent(input: $input) { messageId }",
        "publishEmailEvent(input: { content: \"x\\ny\", variables: \"{}\" })",
        "publishEmailEvent(input: { variable: { a: 1 } })",
        "... on Mutation { a }",
        "...f",
        "a: b(c: [1, -2.5e3, true, null, E, { d: \"\u{e9}\u{1f511}\" }])",
    ];
    prop_oneof![
        3 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => "[a-z_][A-Za-z0-9_]{0,12}",
        1 => "[ -!#-\\[\\]-~\u{e9}\u{4e2d}]{0,20}".prop_map(|text| format!("x(y: \"{text}\")")),
        1 => "[ -!#-\\[\\]-~\u{e9}]{0,20}".prop_map(|text| format!("#{text}\n")),
    ]
}

fn selection() -> impl Strategy<Value = Vec<String>> {
    let space = prop::sample::select(vec![" ", "\n", "\r\n", "\t", ",", " # \"\n"]);
    let spaced = (others(), space).prop_map(|(piece, space)| piece + space);
    prop::collection::vec(spaced, 0..12)
}

/// The one field as a document may print it, and as the library reads it.
fn loose() -> impl Strategy<Value = (String, String)> {
    let text = "[ -!#-\\[\\]-~\u{e9}]{0,12}";
    let break_of_line = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    (text, break_of_line, text, -9_i64..1000, "[a-z]{1,6}").prop_map(
        |(before, line, after, number, name)| {
            let field = |content: &str, variables: &str| {
                format!(
                    "publishEmailEvent(input: {{ content: \"{before}{content}{after}\", \
                     variables: {variables} to: {{ email: \"a@b.co\" }} }}) {{ messageId }}"
                )
            };
            let object = format!("{{ {name}: {{ b: [{number}, true], c: \"x\" }} }}");
            let json = serde_json::json!({ name: { "b": [number, true], "c": "x" } });
            let text = serde_json::Value::String(json.to_string()).to_string();
            (field(line, &object), field("\\n", &text))
        },
    )
}

/// Lines and columns are kept by white space, which means nothing.
fn packed(document: &str) -> String {
    document.split_whitespace().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn p32_every_other_document_passes_through_unchanged(pieces in selection(), deep in 0..4_usize) {
        let document = format!("mutation M($v: JSONObject = {{ a: 1 }}) {{ {}{}{} }}",
            "a { ".repeat(deep), pieces.concat(), "} ".repeat(deep));
        let found = tightened(&document).into_owned();
        prop_assert_eq!(&found, &document);
    }

    #[test]
    fn p32_the_one_input_is_rewritten_and_what_stands_around_it_is_not(
        before in selection(), (loose, tight) in loose(), after in selection(),
    ) {
        let around = |field: &str| {
            format!("mutation {{ {} {field} {} }}", before.concat(), after.concat())
        };
        let found = tightened(&around(&loose)).into_owned();
        prop_assert_eq!(packed(&found), packed(&around(&tight)));
        let lines = |text: &str| text.matches('\n').count();
        prop_assert_eq!(lines(&found), lines(&around(&loose)), "each stands in its line");
        // Once is enough.
        let again = tightened(&found).into_owned();
        prop_assert_eq!(&again, &found);
    }

    #[test]
    fn p32_whatever_comes_nothing_before_the_field_changes(
        parts in prop::collection::vec(prop_oneof![
            Just("publishEmailEvent".to_owned()), Just("variables".into()), Just("(".into()),
            Just("{".into()), Just("}".into()), Just(")".into()), Just(":".into()), Just("\"".into()),
            Just("\"\"\"".into()), Just("\\".into()), Just("#".into()), Just("\n".into()),
            Just("$v".into()), Just("[".into()), Just("]".into()), Just("1".into()), Just("@".into()),
            r"\PC{0,6}", Just(" ".into()),
        ], 0..40),
    ) {
        let document = parts.concat();
        let found = tightened(&document).into_owned();
        match document.find("publishEmailEvent") {
            None => prop_assert_eq!(&found, &document),
            Some(at) => prop_assert_eq!(&found[..at], &document[..at]),
        }
        let again = tightened(&found).into_owned();
        prop_assert_eq!(&again, &found);
        if found != document {
            // There is such a field, with arguments that are loose.
            let field = document.split("publishEmailEvent").skip(1).any(|rest| rest.contains('('));
            prop_assert!(field && document.contains('{'), "{:?}", document);
        }
    }
}
