//! Documents that were made to cost. Each is answered within five milliseconds by a release build,
//! which `bench/run graphql` measures. A build for tests, on a busy machine, has fifty times that.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::graphql::alice;
use crate::support::TestKeyward;

const MOST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 250 } else { 5 });

/// Number after number in the place of `#`.
fn several(count: usize, text: &str) -> String {
    let mut all = String::new();
    for number in 0..count {
        write!(all, "{} ", text.replace('#', &number.to_string())).unwrap();
    }
    all
}

/// As long as graphql-js writes it.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { description queryType { name kind } \
    mutationType { name kind } subscriptionType { name kind } types { ...FullType } \
    directives { name description isRepeatable locations args { ...InputValue } } } } \
    fragment FullType on __Type { kind name description specifiedByURL isOneOf \
    fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } \
    type { ...TypeRef } isDeprecated deprecationReason } \
    inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef } \
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } \
    possibleTypes { ...TypeRef } } \
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue \
    isDeprecated deprecationReason } \
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name \
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name \
    ofType { kind name } } } } } } } } } }";

/// Each with what is said of it, or nothing where it is carried out.
#[expect(clippy::too_many_lines, reason = "a list, which is read from above")]
fn bombs() -> Vec<(String, Option<&'static str>)> {
    const REPEATED: &str = "A document may ask 32 times for what it asks for already.";
    const FRAGMENTS: &str = "A document may hold 16 fragments with names.";
    const SPREADS: &str = "A document may spread fragments 64 times.";
    const WORDS: &str = "The document holds more than 2000 words and signs.";
    const DEEP: &str = "The document is nested deeper than 20 levels.";
    const VALUES: &str = "A document may ask for 6000 values of the schema, estimated.";
    const LISTS: &str =
        "A document may ask for the lists of the schema within each other 2 levels deep.";
    let nested = format!(
        "{{ ...f0 }} {} fragment f99 on Query {{ __typename }}",
        several(99, "fragment f# on Query { ...next# }")
            .split("next")
            .map(str::to_owned)
            .reduce(|all, part| {
                let (number, rest) = part.split_once(' ').unwrap();
                format!("{all}f{} {rest}", number.parse::<usize>().unwrap() + 1)
            })
            .unwrap()
    );
    let nested_in_few = (0..14).fold("{ ...f0 } ".to_owned(), |all, number| {
        let next = number + 1;
        all + &format!("fragment f{number} on Query {{ ... {{ ...f{next} ...f{next} }} }} ")
    }) + "fragment f14 on Query { __typename }";
    let fields = "user(login: \"\") { id email phone gender company } ";
    vec![
        (format!("{{ {} }}", several(1000, "a#: id")), Some(WORDS)),
        (
            format!("{{ {} }}", "__typename ".repeat(299)),
            Some(REPEATED),
        ),
        (
            format!("{{ {} }}", "... { __typename } ".repeat(150)),
            Some(REPEATED),
        ),
        (format!("{{ {} }}", fields.repeat(34)), Some(REPEATED)),
        (
            format!(
                "{{ {} }} {}",
                several(100, "...f#"),
                several(100, "fragment f# on Query { __typename }")
            ),
            Some(FRAGMENTS),
        ),
        (
            format!(
                "{{ {} }} fragment f on Query {{ __typename }}",
                "...f ".repeat(65)
            ),
            Some(SPREADS),
        ),
        (
            format!(
                "{{ {} }} {}",
                several(16, "...f#"),
                several(
                    16,
                    "fragment f# on Query { a#: __typename b#: __typename c: __typename }"
                )
            ),
            None,
        ),
        (
            format!(
                "{{ {} }} {}",
                several(16, "...f#"),
                several(
                    16,
                    "fragment f# on Query { a: __typename b: __typename c: __typename d: __typename \
                     e: __typename f: __typename g: __typename h: __typename i: __typename }"
                )
            ),
            None,
        ),
        (nested, Some(FRAGMENTS)),
        (nested_in_few, Some(DEEP)),
        (
            format!(
                "{{ __schema {{ types {{ {}name{} }} }} }}",
                "fields { type { ofType { ".repeat(5),
                " } } }".repeat(5)
            ),
            Some(LISTS),
        ),
        (
            format!(
                "{{ {} }}",
                several(
                    2,
                    "s#: __schema { types { name fields { name args { name type { name } } \
                     type { name fields { name type { name kind } } } } } }"
                )
            ),
            Some(VALUES),
        ),
        (
            "{ __schema { types { name fields { name args { name type { name } } \
             type { name fields { name type { name kind } } } } } } }"
                .to_owned(),
            None,
        ),
        (
            format!(
                "{{ __schema {{ {} }} }}",
                several(49, "t#: types { fields { type { fields { name } } } }")
            ),
            Some(VALUES),
        ),
        (
            format!(
                "{{ __schema {{ {} }} }}",
                several(49, "t#: types { fields { args { type { name } } } }")
            ),
            Some(VALUES),
        ),
        (
            format!(
                "{{ __schema {{ {} }} }} fragment f on __Type {{ fields {{ type {{ fields {{ name }} }} }} }}",
                several(49, "t#: types { ...f }")
            ),
            Some(VALUES),
        ),
        (
            format!(
                "{{ __schema {{ {} }} }}",
                several(40, "q#: queryType { fields { type { fields { name } } } }")
            ),
            Some(VALUES),
        ),
        (
            format!(
                "{{ __schema {{ {} }} }}",
                several(16, "q#: queryType { fields { type { fields { name } } } }")
            ),
            None,
        ),
        (
            format!(
                "{{ __schema {{ {} }} }}",
                several(
                    40,
                    "m#: mutationType { fields { args { name type { inputFields { name } } } } }"
                )
            ),
            Some(VALUES),
        ),
        (INTROSPECTION.to_owned(), None),
    ]
}

#[test]
fn t_bombs_of_introspection_and_validation_are_answered_at_once() {
    let kw = TestKeyward::new();
    let (token, _) = alice(&kw);
    for (document, said) in bombs() {
        assert!(document.len() < 16_000, "{document}");
        let ask = || {
            let began = Instant::now();
            let answer = kw.asks("/graphql", &document, Some(&token));
            (began.elapsed(), answer)
        };
        let (_, answer) = ask();
        let body = answer.json();
        let start = &document[..document.len().min(120)];
        match said {
            Some(said) => {
                assert_eq!(body["errors"][0]["message"], json!(said), "{start}");
                assert_eq!(body.get("data"), None, "nothing was carried out");
            }
            None => assert_eq!(body.get("errors"), None, "{start}"),
        }
        // The quickest of several: a machine may be busy.
        let quickest = (0..7).map(|_| ask().0).min().unwrap();
        eprintln!("{quickest:?} {start}");
        assert!(quickest <= MOST, "{quickest:?}: {start}");
    }
    // A name that nobody wants to hear again.
    let body = kw.graphql(&format!("{{ {} }}", "a".repeat(15_000)), None);
    assert!(body.to_string().len() < 500, "{body}");
}
