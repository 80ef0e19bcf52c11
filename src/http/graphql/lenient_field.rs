//! Three things in a document that the grammar and the library refuse. Two work for the one field whose
//! original prints them: line breaks inside a quoted text, and an object for an argument of free form.
//! The third is a field without a selection that answers an object to those who select: who asks for it
//! bare is answered `true`. All are written otherwise before the library reads; every other document
//! passes through as it is, but for what means the same (docs/decisions/0135, 0188).

/// Which field, and which of its arguments is of free form: a text of JSON for the library.
#[derive(Clone, Copy)]
pub struct Loose {
    pub field: &'static str,
    pub argument: &'static str,
    /// The field of the root that may be asked for bare, and the member that is asked for then.
    pub bare: (&'static str, &'static str),
}
