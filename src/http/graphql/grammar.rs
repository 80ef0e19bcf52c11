//! The grammar of GraphQL's documents, one function for each of its rules.

use std::ops::Range;

use crate::http::graphql::document::{Document, Field, Fragment, Operation, Selection, Variable};
use crate::http::graphql::lenient_field::Loose;
use crate::http::graphql::lexer::{Fault, Kind, Token, Why, fault};
use crate::http::graphql::limits::DEEPEST;

/// What stands there in another way for the library.
pub(super) type Edit = (Range<usize>, String);

pub(super) type Parsed<T> = Result<T, Fault>;

pub(super) struct Reader<'d> {
    pub(super) text: &'d str,
    pub(super) tokens: Vec<Token>,
    /// The token that is read next.
    pub(super) next: usize,
    depth: usize,
    pub(super) loose: Option<Loose>,
    /// Inside of the arguments of the loose field.
    pub(super) is_loose: bool,
    pub(super) edits: Vec<Edit>,
    /// The names in the answer of what was asked for bare.
    bare: Vec<&'d str>,
    conditions: Vec<&'d str>,
    doubled: Option<usize>,
}

impl<'d> Reader<'d> {
    pub(super) fn new(text: &'d str, tokens: Vec<Token>, loose: Option<Loose>) -> Self {
        Self {
            text,
            tokens,
            next: 0,
            depth: 0,
            loose,
            is_loose: false,
            edits: Vec::new(),
            bare: Vec::new(),
            conditions: Vec::new(),
            doubled: None,
        }
    }

    pub(super) fn edits(self) -> (Vec<Edit>, Vec<&'d str>) {
        (self.edits, self.bare)
    }

    pub(super) fn document(&mut self) -> Parsed<Document<'d>> {
        let mut document = Document::default();
        loop {
            let is_described = self.description()?;
            match self.word() {
                "{" if !is_described => {
                    let selections = self.selections()?;
                    document.operations.push(Operation {
                        name: None,
                        is_query: true,
                        variables: Vec::new(),
                        conditions: std::mem::take(&mut self.conditions),
                        selections,
                    });
                }
                "query" | "mutation" | "subscription" => {
                    document.operations.push(self.operation()?);
                }
                "fragment" => document.fragments.push(self.fragment()?),
                _ => return Err(self.other()),
            }
            if self.next == self.tokens.len() {
                break;
            }
        }
        document.doubled = self.doubled;
        Ok(document)
    }

    /// The token that is read next, as it is written; nothing at the end.
    pub(super) fn word(&self) -> &'d str {
        let token = self.tokens.get(self.next);
        token.map_or("", |token| &self.text[token.at.clone()])
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        self.tokens.get(self.next).map(|token| token.kind)
    }

    pub(super) fn other(&self) -> Fault {
        match self.tokens.get(self.next) {
            Some(token) => fault(token.at.start, Why::Other),
            None => fault(self.text.len(), Why::End),
        }
    }

    pub(super) fn take(&mut self) -> Parsed<Token> {
        let token = self.tokens.get(self.next).cloned();
        let token = token.ok_or_else(|| self.other())?;
        self.next += 1;
        Ok(token)
    }

    /// Whether this sign is next, which is read then.
    pub(super) fn skip(&mut self, sign: &str) -> bool {
        let is_next = self.word() == sign;
        self.next += usize::from(is_next);
        is_next
    }

    pub(super) fn expect(&mut self, sign: &str) -> Parsed<()> {
        self.skip(sign).then_some(()).ok_or_else(|| self.other())
    }

    pub(super) fn name(&mut self) -> Parsed<&'d str> {
        let word = self.word();
        if self.kind() != Some(Kind::Name) {
            return Err(self.other());
        }
        self.next += 1;
        Ok(word)
    }

    pub(super) fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEEPEST {
            let at = self.tokens.get(self.next).map_or(0, |token| token.at.start);
            return Err(fault(at, Why::TooDeep));
        }
        self.depth += 1;
        let parsed = rule(self);
        self.depth -= 1;
        parsed
    }

    /// One at least, until the sign.
    fn until<T>(
        &mut self,
        end: &str,
        mut rule: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let mut all = vec![rule(self)?];
        while !self.skip(end) {
            all.push(rule(self)?);
        }
        Ok(all)
    }

    fn description(&mut self) -> Parsed<bool> {
        let is_there = matches!(self.kind(), Some(Kind::Text | Kind::Block));
        if is_there {
            self.one_text()?;
        }
        Ok(is_there)
    }

    fn operation(&mut self) -> Parsed<Operation<'d>> {
        let is_query = self.word() == "query";
        self.next += 1;
        let name = match self.kind() {
            Some(Kind::Name) => Some(self.name()?),
            _ => None,
        };
        let variables = if self.skip("(") {
            self.until(")", Self::variable)?
        } else {
            Vec::new()
        };
        self.directives()?;
        let selections = self.selections()?;
        Ok(Operation {
            name,
            is_query,
            variables,
            conditions: std::mem::take(&mut self.conditions),
            selections,
        })
    }

    fn fragment(&mut self) -> Parsed<Fragment<'d>> {
        self.next += 1;
        if self.word() == "on" {
            return Err(self.other());
        }
        let name = self.name()?;
        self.expect("on")?;
        self.name()?;
        self.directives()?;
        let selections = self.selections()?;
        Ok(Fragment {
            name,
            conditions: std::mem::take(&mut self.conditions),
            selections,
        })
    }

    fn variable(&mut self) -> Parsed<Variable<'d>> {
        self.description()?;
        self.expect("$")?;
        let name = self.name()?;
        self.expect(":")?;
        let (of, lists) = self.type_of()?;
        let may_be_null = !self.skip("!");
        let from = self.next;
        let (mut is_null, mut default) = (false, None);
        if self.skip("=") {
            is_null = may_be_null && self.word() == "null";
            self.value(true)?;
            default = Some(self.tokens[from].at.start..self.tokens[self.next - 1].at.end);
        }
        if let Some(at) = default.clone().filter(|_| is_null) {
            // The library takes it for a value where none may be absent, and falls over it.
            self.edits.push((at, String::new()));
        }
        self.directives()?;
        Ok(Variable {
            name,
            of,
            lists,
            is_null,
            default,
        })
    }

    fn type_of(&mut self) -> Parsed<(&'d str, usize)> {
        if !self.skip("[") {
            return Ok((self.name()?, 0));
        }
        let (of, lists) = self.nested(Self::type_of)?;
        self.skip("!");
        self.expect("]")?;
        Ok((of, lists + 1))
    }

    fn selections(&mut self) -> Parsed<Vec<Selection<'d>>> {
        self.expect("{")?;
        self.nested(|it| it.until("}", Self::selection))
    }

    fn selection(&mut self) -> Parsed<Selection<'d>> {
        if !self.skip("...") {
            return self.field().map(Selection::Field);
        }
        match (self.kind(), self.word()) {
            (Some(Kind::Name), "on") => {
                self.next += 1;
                self.name()?;
            }
            (Some(Kind::Name), _) => {
                let name = self.name()?;
                self.directives()?;
                return Ok(Selection::Spread(name));
            }
            _ => {}
        }
        self.directives()?;
        Ok(Selection::Inline(self.selections()?))
    }

    fn field(&mut self) -> Parsed<Field<'d>> {
        let key = self.name()?;
        let name = if self.skip(":") { self.name()? } else { key };
        if self.skip("(") {
            self.is_loose = self.loose.is_some_and(|it| it.field == name);
            let arguments = self.until(")", |it| it.argument(false));
            self.is_loose = false;
            arguments?;
        }
        self.directives()?;
        let selections = if self.word() == "{" {
            self.selections()?
        } else {
            self.select_for_bare(key, name);
            Vec::new()
        };
        Ok(Field {
            key,
            name,
            selections,
        })
    }

    fn select_for_bare(&mut self, key: &'d str, name: &str) {
        let Some((_, member)) = self.loose.map(|it| it.bare).filter(|it| it.0 == name) else {
            return;
        };
        if self.depth == 1 {
            let end = self.tokens[self.next - 1].at.end;
            self.edits.push((end..end, format!(" {{ {member} }}")));
            self.bare.push(key);
        }
    }

    fn directives(&mut self) -> Parsed<()> {
        let mut names = Vec::new();
        while self.word() == "@" {
            let at = self.tokens[self.next].at.start;
            self.next += 1;
            let name = self.name()?;
            if names.contains(&name) {
                self.doubled.get_or_insert(at);
            }
            names.push(name);
            if self.skip("(") {
                self.until(")", Self::condition)?;
            }
        }
        Ok(())
    }

    fn condition(&mut self) -> Parsed<()> {
        let from = self.next;
        let (name, _) = self.argument(false)?;
        let at = |index: usize| {
            let token = self.tokens.get(index);
            token.map_or("", |token| &self.text[token.at.clone()])
        };
        if name == "if" && at(from + 2) == "$" {
            self.conditions.push(at(from + 3));
        }
        Ok(())
    }
}
