//! A document, as far as its bounds and its variables need it.

use std::ops::Range;

#[derive(Debug, Default)]
pub(super) struct Document<'d> {
    pub operations: Vec<Operation<'d>>,
    pub fragments: Vec<Fragment<'d>>,
    /// Where a directive stands for the second time in one place.
    pub doubled: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Operation<'d> {
    pub name: Option<&'d str>,
    pub is_query: bool,
    pub variables: Vec<Variable<'d>>,
    /// The variables that `@skip` and `@include` read in it.
    pub conditions: Vec<&'d str>,
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
    /// Where its default stands, with the sign before it.
    pub default: Option<Range<usize>>,
}

#[derive(Debug)]
pub(super) struct Fragment<'d> {
    pub name: &'d str,
    /// As those of an operation.
    pub conditions: Vec<&'d str>,
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

impl<'d> Document<'d> {
    /// The operation that is asked for, where there is one.
    pub(super) fn operation(&self, name: Option<&str>) -> Option<&Operation<'d>> {
        match (name, self.operations.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (name, all) => all.iter().find(|it| it.name == name),
        }
    }

    /// The variables of this operation that `@skip` and `@include` read, in the fragments that it
    /// spreads, too. Another operation may call another variable the same.
    pub(super) fn conditions_of(&self, operation: &Operation<'d>) -> Vec<&'d str> {
        let mut conditions = operation.conditions.clone();
        let (mut spread, mut next) = (Vec::new(), 0);
        spread_in(&operation.selections, &mut spread);
        while let Some(name) = spread.get(next) {
            let found = self.fragments.iter().find(|it| it.name == *name);
            if let Some(fragment) = found {
                conditions.extend(&fragment.conditions);
                spread_in(&fragment.selections, &mut spread);
            }
            next += 1;
        }
        conditions
    }
}

/// Adds the names that are spread in there and are not known yet.
fn spread_in<'d>(selections: &[Selection<'d>], names: &mut Vec<&'d str>) {
    for selection in selections {
        match selection {
            Selection::Spread(name) if names.contains(name) => {}
            Selection::Spread(name) => names.push(name),
            Selection::Field(Field { selections, .. }) | Selection::Inline(selections) => {
                spread_in(selections, names);
            }
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
