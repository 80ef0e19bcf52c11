//! How wide a document may be before the library validates it. Its rules compare every field with
//! every other of its name, and every fragment with every other: what is harmless in a document that
//! people write is tens of milliseconds in one that was made for that (docs/decisions/0119).

use std::collections::HashSet;

use crate::http::graphql::document::{Document, Selection};
use crate::http::graphql::limits::{MOST_FRAGMENTS, MOST_REPEATED, MOST_SPREADS};

#[derive(Default)]
struct Width {
    spreads: usize,
    repeated: usize,
}

/// Why the document is too wide, if it is.
#[must_use]
pub(in crate::http::graphql) fn too_wide(document: &Document<'_>) -> Option<String> {
    let mut width = Width::default();
    let operations = document.operations.iter().map(|it| &it.selections);
    let fragments = document.fragments.iter().map(|it| &it.selections);
    for selections in operations.chain(fragments) {
        measure(selections, &mut HashSet::new(), &mut width);
    }
    if document.fragments.len() > MOST_FRAGMENTS {
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
fn measure<'d>(selections: &[Selection<'d>], before: &mut HashSet<&'d str>, width: &mut Width) {
    for selection in selections {
        match selection {
            Selection::Field(field) => {
                width.repeated += usize::from(!before.insert(field.key));
                measure(&field.selections, &mut HashSet::new(), width);
            }
            Selection::Spread(_) => width.spreads += 1,
            Selection::Inline(inner) => measure(inner, before, width),
        }
    }
}
