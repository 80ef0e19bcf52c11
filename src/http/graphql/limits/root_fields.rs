//! How much one document may have carried out. The library bounds its fields as a whole; those
//! of a root cost more than others, since each calls an act or walks over the schema, and each
//! is carried out as often as it stands there, whatever names they share.

use crate::http::graphql::document::{Document, Operation, Selection};
use crate::http::graphql::limits::introspection_cost::Fragments;
use crate::http::graphql::limits::{DEEPEST_WALK, MOST_ACTS, MOST_VALUES, MOST_WALKS};
use crate::http::graphql::schema::Root;

#[derive(Default)]
struct Counts {
    acts: usize,
    walks: usize,
    /// How many values the walks come to.
    values: u64,
}

/// Why the document is too much, if it is. It was validated before: its fragments end.
#[must_use]
pub(in crate::http::graphql) fn exceeded(root: &Root, document: &Document<'_>) -> Option<String> {
    let fragments = named(document);
    let mut operations = document.operations.iter();
    operations.find_map(|operation| of_one(root, operation, &fragments))
}

fn named<'a, 'd>(document: &'a Document<'d>) -> Fragments<'a, 'd> {
    let fragments = document.fragments.iter();
    let fragments = fragments.map(|it| (it.name, it.selections.as_slice()));
    fragments.collect()
}

fn of_one(root: &Root, operation: &Operation<'_>, fragments: &Fragments<'_, '_>) -> Option<String> {
    let mut counts = Counts::default();
    count(root, &operation.selections, fragments, &mut counts);
    if counts.acts > MOST_ACTS {
        return Some(format!(
            "A document may ask for {MOST_ACTS} fields of a root."
        ));
    }
    if deepest(&operation.selections, fragments) > DEEPEST_WALK {
        return Some(format!(
            "A document may ask for the lists of the schema within each other \
             {DEEPEST_WALK} levels deep."
        ));
    }
    if counts.walks > MOST_WALKS {
        return Some(format!(
            "A document may ask for the schema {MOST_WALKS} times."
        ));
    }
    (counts.values > MOST_VALUES)
        .then(|| format!("A document may ask for {MOST_VALUES} values of the schema, estimated."))
}

/// Whether an operation of the document holds two fields that change something, skipped or not.
#[must_use]
pub(in crate::http::graphql) fn may_change_twice(root: &Root, document: &Document<'_>) -> bool {
    let fragments = named(document);
    let mut operations = document.operations.iter();
    operations.any(|operation| changes(root, &operation.selections, &fragments) > 1)
}

/// Whether the operation is a query that holds no field which changes something, skipped or not.
#[must_use]
pub(in crate::http::graphql) fn only_reads(
    root: &Root,
    document: &Document<'_>,
    operation: &Operation<'_>,
) -> bool {
    operation.is_query && changes(root, &operation.selections, &named(document)) == 0
}

fn changes(root: &Root, selections: &[Selection<'_>], fragments: &Fragments<'_, '_>) -> usize {
    let each = selections.iter().map(|selection| match selection {
        Selection::Field(field) => usize::from(root.changes_by(field.name)),
        Selection::Spread(name) => {
            let inner = fragments.get(name);
            inner.map_or(0, |inner| changes(root, inner, fragments))
        }
        Selection::Inline(inner) => changes(root, inner, fragments),
    });
    each.sum()
}

/// How deep lists of the schema stand in each other. No field of Keyward's own is called so.
fn deepest(selections: &[Selection<'_>], fragments: &Fragments<'_, '_>) -> usize {
    const LISTS: &[&str] = &["fields", "inputFields", "interfaces", "possibleTypes"];
    let below = |selection: &Selection<'_>| match selection {
        Selection::Field(field) => {
            let own = LISTS.contains(&field.name);
            usize::from(own) + deepest(&field.selections, fragments)
        }
        Selection::Spread(name) => fragments
            .get(name)
            .map_or(0, |inner| deepest(inner, fragments)),
        Selection::Inline(inner) => deepest(inner, fragments),
    };
    selections.iter().map(below).max().unwrap_or_default()
}

/// Whether each operation of the document asks for nothing but fields that this schema has at its
/// roots, however wrongly. It says nothing about any other name.
#[must_use]
pub(in crate::http::graphql) fn asks_for_fields_of(root: &Root, document: &Document<'_>) -> bool {
    let is_of = |selection: &Selection<'_>| match selection {
        Selection::Field(field) => root.begins_with(field.name),
        Selection::Spread(_) | Selection::Inline(_) => false,
    };
    let mut operations = document.operations.iter();
    operations.all(|operation| operation.selections.iter().all(is_of))
}

fn count(
    root: &Root,
    selections: &[Selection<'_>],
    fragments: &Fragments<'_, '_>,
    counts: &mut Counts,
) {
    for selection in selections {
        match selection {
            Selection::Field(field) => match field.name {
                "__typename" => {}
                "__schema" | "__type" => {
                    counts.walks += 1;
                    let values = root.sizes.cost(&field.selections, fragments);
                    counts.values = counts.values.saturating_add(values);
                }
                _ => counts.acts += 1,
            },
            Selection::Spread(name) => {
                if let Some(inner) = fragments.get(name) {
                    count(root, inner, fragments, counts);
                }
            }
            Selection::Inline(inner) => count(root, inner, fragments, counts),
        }
    }
}
