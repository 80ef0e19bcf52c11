//! Two things in a document that the grammar and the library refuse, and that work for the one
//! field whose original prints them: line breaks inside a quoted text, and an object for an
//! argument of free form. Both are written otherwise before the library reads; every other
//! document passes through as it is, but for what means the same (docs/decisions/0135).

/// Which field, and which of its arguments is of free form: a text of JSON for the library.
#[derive(Clone, Copy)]
pub struct Loose {
    pub field: &'static str,
    pub argument: &'static str,
}
