//! A document, read once before the library reads it: what it asks for, as far as its bounds and
//! its variables need it, and what is written otherwise for the library.

use crate::http::graphql::loose::Loose;
use crate::http::graphql::reader::{Edit, Reader};
use crate::http::graphql::tokens::{Fault, tokens};

/// As deep as graphql-js's own introspection query goes.
pub(super) const DEEPEST: usize = 20;
pub(super) const MOST_TOKENS: usize = 2000;

#[derive(Debug, Default)]
pub(super) struct Document<'d> {
    pub operations: Vec<Operation<'d>>,
    pub fragments: Vec<Fragment<'d>>,
    /// The variables that `@skip` and `@include` read.
    pub conditions: Vec<&'d str>,
    /// Where a directive stands for the second time in one place.
    pub doubled: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Operation<'d> {
    pub name: Option<&'d str>,
    pub variables: Vec<Variable<'d>>,
    pub selections: Vec<Selection<'d>>,
}

#[derive(Debug)]
pub(super) struct Variable<'d> {
    pub name: &'d str,
    /// The name of its type.
    pub of: &'d str,
    /// How many lists are around it.
    pub lists: usize,
    /// It is null where it is absent.
    pub is_null: bool,
}

#[derive(Debug)]
pub(super) struct Fragment<'d> {
    pub name: &'d str,
    pub selections: Vec<Selection<'d>>,
}

#[derive(Debug)]
pub(super) enum Selection<'d> {
    Field(Field<'d>),
    Spread(&'d str),
    Inline(Vec<Self>),
}

#[derive(Debug)]
pub(super) struct Field<'d> {
    /// What it is called in the answer.
    pub key: &'d str,
    pub name: &'d str,
    pub selections: Vec<Selection<'d>>,
}

/// What is read of a document.
#[derive(Debug)]
pub(super) struct Read<'d> {
    pub document: Document<'d>,
    /// As the library reads it; `None` where that is the document itself. Lines and columns of
    /// whatever stands behind what was changed are the same, where there is room.
    pub text: Option<String>,
}

/// # Errors
/// Where it is no GraphQL, or too much of it.
pub(super) fn read(text: &str, loose: Option<Loose>) -> Result<Read<'_>, Fault> {
    let tokens = tokens(text, MOST_TOKENS)?;
    let mut reader = Reader::new(text, tokens, loose);
    let document = reader.document()?;
    let edits = reader.edits();
    Ok(Read {
        document,
        text: (!edits.is_empty()).then(|| edited(text, edits)),
    })
}

impl<'d> Document<'d> {
    /// The operation that is asked for, where there is one.
    pub(super) fn operation(&self, name: Option<&str>) -> Option<&Operation<'d>> {
        match (name, self.operations.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (name, all) => all.iter().find(|it| it.name == name),
        }
    }
}

/// Line and column of a byte, which count from one.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text).replace("\r\n", "\n");
    let mut lines = before.split(['\n', '\r']);
    let last = lines.next_back().unwrap_or_default();
    (lines.count() + 1, last.chars().count() + 1)
}

fn edited(text: &str, edits: Vec<Edit>) -> String {
    let (mut new, mut from) = (String::with_capacity(text.len() + 64), 0);
    for (at, word) in edits {
        new.push_str(&text[from..at.start]);
        let old = &text[at.clone()];
        new.push_str(&word);
        match old.rsplit_once('\n') {
            // What follows stands in the line and the column where it stood.
            Some((lines, last)) => {
                let breaks = lines.matches('\n').count() + 1;
                new.extend(std::iter::repeat_n('\n', breaks));
                new.extend(std::iter::repeat_n(' ', last.chars().count()));
            }
            None => {
                let room = old.chars().count().saturating_sub(word.chars().count());
                new.extend(std::iter::repeat_n(' ', room));
            }
        }
        from = at.end;
    }
    new.push_str(&text[from..]);
    new
}
