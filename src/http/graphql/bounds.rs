//! How much one document may have carried out. The library bounds its fields as a whole; those
//! of a root cost more than others, since each calls an act or walks over the schema, and each
//! is carried out as often as it stands there, whatever names they share.

use std::collections::HashMap;

use juniper::parser::parse_document_source;
use juniper::{Definition, Selection};

use crate::http::graphql::schema::Root;

/// So many fields of a root that call an act.
const MOST_ACTS: usize = 16;

/// So deep may the lists of the schema stand in each other: a type has fields, whose types have
/// fields, and a tool asks for no third. graphql-js draws the same line.
const DEEPEST_WALK: usize = 2;

/// So many walks over the schema: tools ask for one, or for a type beside it.
const MOST_WALKS: usize = 2;

#[derive(Default)]
struct Counts {
    acts: usize,
    walks: usize,
    deepest: usize,
}

type Selections<'d, 'a> = &'d [Selection<'a>];

/// What the library falls over when it reads a text in three quotes: it counts white space that
/// is none in GraphQL's grammar, and cuts a letter in two.
#[must_use]
pub(super) fn unreadable(document: &str) -> Option<&'static str> {
    let begins_oddly = |line: &str| {
        let blank = line.len() - line.trim_start().len();
        !line.as_bytes()[..blank].is_ascii()
    };
    let odd = document.contains("\"\"\"") && document.split(['\n', '\r']).any(begins_oddly);
    odd.then_some(
        "Lines of a document with texts in three quotes may begin with spaces and tabs, and with no \
         other white space.",
    )
}

/// Why the document is too much, if it is. It was validated before: its fragments end.
#[must_use]
pub(super) fn exceeded(root: &Root, document: &str) -> Option<String> {
    let document = parse_document_source(document, &root.tree.schema).ok()?;
    let fragments: HashMap<&str, Selections<'_, '_>> = document
        .iter()
        .filter_map(|definition| match definition {
            Definition::Fragment(it) => Some((it.item.name.item, &*it.item.selection_set)),
            Definition::Operation(_) => None,
        })
        .collect();
    document.iter().find_map(|definition| {
        let Definition::Operation(operation) = definition else {
            return None;
        };
        let given = operation.item.variables_definition.iter();
        let mut defaults = given.flat_map(|it| &it.item.items);
        if defaults.any(|(_, it)| {
            it.default_value
                .as_ref()
                .is_some_and(|it| it.item.is_null())
        }) {
            // The library would take it for a value where none may be absent, and fall over it.
            return Some("A default of null is none: leave it out.".to_owned());
        }
        let mut counts = Counts {
            deepest: deepest(&operation.item.selection_set, &fragments),
            ..Counts::default()
        };
        count(&operation.item.selection_set, &fragments, &mut counts);
        if counts.acts > MOST_ACTS {
            return Some(format!(
                "A document may ask for {MOST_ACTS} fields of a root."
            ));
        }
        if counts.deepest > DEEPEST_WALK {
            return Some(format!(
                "A document may ask for the lists of the schema within each other \
                 {DEEPEST_WALK} levels deep."
            ));
        }
        let many = counts.walks > MOST_WALKS;
        many.then(|| format!("A document may ask for the schema {MOST_WALKS} times."))
    })
}

/// How deep lists of the schema stand in each other. No field of Keyward's own is called so.
fn deepest<'d, 'a>(
    selections: Selections<'d, 'a>,
    fragments: &HashMap<&str, Selections<'d, 'a>>,
) -> usize {
    const LISTS: &[&str] = &["fields", "inputFields", "interfaces", "possibleTypes"];
    let below = |selection: &'d Selection<'a>| match selection {
        Selection::Field(field) => {
            let inner = field.item.selection_set.as_deref().unwrap_or_default();
            let own = LISTS.contains(&field.item.name.item);
            usize::from(own) + deepest(inner, fragments)
        }
        Selection::FragmentSpread(spread) => fragments
            .get(spread.item.name.item)
            .map_or(0, |inner| deepest(inner, fragments)),
        Selection::InlineFragment(inner) => deepest(&inner.item.selection_set, fragments),
    };
    selections.iter().map(below).max().unwrap_or_default()
}

/// Whether each operation of the document asks for nothing but fields that this schema has at its
/// roots, however wrongly. It says nothing about any other name.
#[must_use]
pub(super) fn asks_for_fields_of(root: &Root, document: &str) -> bool {
    let Ok(document) = parse_document_source(document, &root.tree.schema) else {
        return false;
    };
    let is_of = |selection: &Selection<'_>| match selection {
        Selection::Field(field) => root.begins_with(field.item.name.item),
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
    };
    document.iter().all(|definition| match definition {
        Definition::Operation(operation) => operation.item.selection_set.iter().all(is_of),
        Definition::Fragment(_) => true,
    })
}

fn count<'d, 'a>(
    selections: Selections<'d, 'a>,
    fragments: &HashMap<&str, Selections<'d, 'a>>,
    counts: &mut Counts,
) {
    for selection in selections {
        match selection {
            Selection::Field(field) => match field.item.name.item {
                "__typename" => {}
                "__schema" | "__type" => counts.walks += 1,
                _ => counts.acts += 1,
            },
            Selection::FragmentSpread(spread) => {
                if let Some(inner) = fragments.get(spread.item.name.item) {
                    count(inner, fragments, counts);
                }
            }
            Selection::InlineFragment(inner) => {
                count(&inner.item.selection_set, fragments, counts);
            }
        }
    }
}
