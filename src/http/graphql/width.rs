//! How wide a document may be before the library validates it. Its rules compare every field with
//! every other of its name, and every fragment with every other: what is harmless in a document that
//! people write is tens of milliseconds in one that was made for that (docs/decisions/0119).

use std::collections::HashSet;

use juniper::parser::parse_document_source;
use juniper::{Definition, Selection};

use crate::http::graphql::schema::Root;

const MOST_FRAGMENTS: usize = 16;

/// So many times a fragment is spread.
const MOST_SPREADS: usize = 64;

/// So many fields have the name of one before them, in the same selection.
const MOST_REPEATED: usize = 32;

#[derive(Default)]
struct Width {
    spreads: usize,
    repeated: usize,
}

/// Why the document is too wide, if it is. What can not be parsed is said by the library.
#[must_use]
pub(super) fn too_wide(root: &Root, document: &str) -> Option<String> {
    let document = parse_document_source(document, &root.tree.schema).ok()?;
    let (mut fragments, mut width) = (0, Width::default());
    for definition in &document {
        let selections = match definition {
            Definition::Operation(it) => &it.item.selection_set,
            Definition::Fragment(it) => {
                fragments += 1;
                &it.item.selection_set
            }
        };
        measure(selections, &mut HashSet::new(), &mut width);
    }
    if fragments > MOST_FRAGMENTS {
        return Some(format!(
            "A document may hold {MOST_FRAGMENTS} fragments with names."
        ));
    }
    if width.spreads > MOST_SPREADS {
        return Some(format!(
            "A document may spread fragments {MOST_SPREADS} times."
        ));
    }
    (width.repeated > MOST_REPEATED)
        .then(|| format!("A document may ask {MOST_REPEATED} times for what it asks for already."))
}

/// Fields of fragments without a name belong to the selection around them.
fn measure<'a>(selections: &[Selection<'a>], before: &mut HashSet<&'a str>, width: &mut Width) {
    for selection in selections {
        match selection {
            Selection::Field(field) => {
                let name = field.item.alias.as_ref().unwrap_or(&field.item.name);
                if !before.insert(name.item) {
                    width.repeated += 1;
                }
                if let Some(inner) = &field.item.selection_set {
                    measure(inner, &mut HashSet::new(), width);
                }
            }
            Selection::FragmentSpread(_) => width.spreads += 1,
            Selection::InlineFragment(inner) => {
                measure(&inner.item.selection_set, before, width);
            }
        }
    }
}
