//! A schema as data: fields with their arguments, their types and what they do. A field of
//! a root names one resolver, which reads its arguments, calls one act, and gives JSON; every
//! other field is a member of what was given.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::http::graphql::refusal_words::{self, Say};
use crate::http::graphql::resolver_context::Asked;
use crate::http::request::fields::Fields;
use crate::service::Result;
use crate::service::actor::Actor;

/// A type of answers. A member's value is looked up by the field's name. One that is implemented by
/// others, an interface, looks the same.
pub struct Object {
    pub name: &'static str,
    pub fields: &'static [Field],
}

/// A type of arguments with members of their own.
pub struct Input {
    pub name: &'static str,
    pub members: &'static [Argument],
}

/// A list of words.
pub struct Words {
    pub name: &'static str,
    pub all: &'static [&'static str],
    /// Those that do something here: what is told to who sends another one.
    pub taken: &'static [&'static str],
}

#[derive(Clone, Copy)]
pub enum Kind {
    Text,
    Id,
    /// 32 bits.
    Whole,
    Truth,
    OneOf(&'static Words),
    /// Of an argument: any JSON, which the library sees as a text.
    Json,
    Object(&'static Object),
    Input(&'static Input),
}

#[derive(Clone, Copy)]
pub struct Type {
    pub kind: Kind,
    pub required: bool,
    pub list: bool,
}

impl Type {
    pub const TEXT: Self = Self::of(Kind::Text);
    pub const ID: Self = Self::of(Kind::Id);
    pub const WHOLE: Self = Self::of(Kind::Whole);
    pub const TRUTH: Self = Self::of(Kind::Truth);

    pub const JSON: Self = Self::of(Kind::Json);

    const fn of(kind: Kind) -> Self {
        Self {
            kind,
            required: false,
            list: false,
        }
    }

    pub const fn object(object: &'static Object) -> Self {
        Self::of(Kind::Object(object))
    }

    pub const fn input(input: &'static Input) -> Self {
        Self::of(Kind::Input(input))
    }

    pub const fn one_of(words: &'static Words) -> Self {
        Self::of(Kind::OneOf(words))
    }

    /// Never null.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// A list of it, none of which is null.
    #[must_use]
    pub const fn list(mut self) -> Self {
        self.list = true;
        self
    }
}

pub struct Argument {
    pub name: &'static str,
    pub of: Type,
}

pub const fn argument(name: &'static str, of: Type) -> Argument {
    Argument { name, of }
}

pub enum Does {
    /// It is a member of the object that it stands in. Of a list, `first` and `after` choose.
    Member,
    /// For anybody.
    Public(fn(&Asked, &Fields) -> Result<Value>),
    /// For the holder of a live access token, a guest's too.
    Guest(fn(&Asked, &Fields, &Actor) -> Result<Value>),
    /// For the holder of a live access token of an account.
    SignedIn(fn(&Asked, &Fields, &Actor) -> Result<Value>),
    /// The same, and for an API key.
    Account(fn(&Asked, &Fields, &Actor) -> Result<Value>),
    /// It is no field: the object that it stands in implements this interface.
    Implements(&'static Object),
}

pub struct Field {
    pub name: &'static str,
    pub of: Type,
    pub arguments: &'static [Argument],
    pub does: Does,
    /// Signs in, hashes, mails or changes something: one of its kind in a document, so that
    /// aliases make no request of many guesses.
    pub once: bool,
    /// Hashes a password or talks to a mail server.
    pub waits: bool,
    /// The permission without which a schema that adapts does not have the field.
    pub needs: Option<&'static str>,
    /// Also for a session that lacks the second factor which is asked of it.
    pub enrolling: bool,
    pub say: Say,
}

pub const fn member(name: &'static str, of: Type) -> Field {
    Field {
        name,
        of,
        arguments: &[],
        does: Does::Member,
        once: false,
        waits: false,
        needs: None,
        enrolling: false,
        say: refusal_words::plain,
    }
}

/// The interface of the object that it stands in. Most have none, and say nothing.
pub const fn implementing(interface: &'static Object) -> Field {
    Field {
        does: Does::Implements(interface),
        ..member(interface.name, Type::TEXT)
    }
}

/// The arguments of a list.
pub const PAGE: &[Argument] = &[
    argument("first", Type::WHOLE),
    argument("after", Type::TEXT),
];

/// A list, of which `first` says how many, and `after` after which of them.
pub const fn page(name: &'static str, of: Type) -> Field {
    Field {
        arguments: PAGE,
        ..member(name, of.list())
    }
}

pub const fn public(
    name: &'static str,
    of: Type,
    arguments: &'static [Argument],
    act: fn(&Asked, &Fields) -> Result<Value>,
) -> Field {
    Field {
        arguments,
        does: Does::Public(act),
        ..member(name, of)
    }
}

pub const fn signed_in(
    name: &'static str,
    of: Type,
    arguments: &'static [Argument],
    act: fn(&Asked, &Fields, &Actor) -> Result<Value>,
) -> Field {
    Field {
        arguments,
        does: Does::SignedIn(act),
        ..member(name, of)
    }
}

impl Field {
    /// Guests may ask, too.
    #[must_use]
    pub const fn for_guests(mut self) -> Self {
        if let Does::SignedIn(act) = self.does {
            self.does = Does::Guest(act);
        }
        self
    }

    /// API keys may ask, too.
    #[must_use]
    pub const fn for_keys(mut self) -> Self {
        if let Does::SignedIn(act) = self.does {
            self.does = Does::Account(act);
        }
        self
    }

    /// What somebody needs to switch a second factor on.
    #[must_use]
    pub const fn enrolling(mut self) -> Self {
        self.enrolling = true;
        self
    }

    #[must_use]
    pub const fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// It waits for a hash or a mail server, and has one of the threads for that. One of its
    /// arguments must be required.
    #[must_use]
    pub const fn waiting(mut self) -> Self {
        self.waits = true;
        self
    }

    /// Only for whoever holds the permission in the organization of their session.
    #[must_use]
    pub const fn needing(mut self, permission: &'static str) -> Self {
        self.needs = Some(permission);
        self
    }

    /// Whether nobody has to be signed in.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        matches!(self.does, Does::Public(_))
    }

    #[must_use]
    pub const fn saying(mut self, say: Say) -> Self {
        self.say = say;
        self
    }
}

/// What a people adds to the roots of a schema.
pub struct Fieldset {
    pub queries: &'static [Field],
    pub mutations: &'static [Field],
}

/// Names that every schema has.
pub(super) const EVERYWHERE: &[&str] = &[
    "Boolean",
    "Float",
    "ID",
    "Int",
    "Mutation",
    "Query",
    "String",
    "__schema",
    "__type",
    "__typename",
    "if",
    "include",
    "name",
    "skip",
];

/// Every name that a schema of these fields has: of fields, arguments, types and words.
pub(super) fn names(fields: &[&'static Field]) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    for field in fields {
        name(field, &mut names);
    }
    names
}

fn name(field: &'static Field, names: &mut BTreeSet<&'static str>) {
    names.insert(field.name);
    name_kind(field.of.kind, names);
    if let Does::Implements(interface) = field.does {
        name_kind(Kind::Object(interface), names);
    }
    for argument in field.arguments {
        names.insert(argument.name);
        name_kind(argument.of.kind, names);
    }
}

fn name_kind(kind: Kind, names: &mut BTreeSet<&'static str>) {
    match kind {
        Kind::Object(object) => {
            names.insert(object.name);
            object.fields.iter().for_each(|it| name(it, names));
        }
        Kind::Input(input) => {
            names.insert(input.name);
            for member in input.members {
                names.insert(member.name);
                name_kind(member.of.kind, names);
            }
        }
        Kind::OneOf(words) => {
            names.insert(words.name);
            names.extend(words.all);
        }
        Kind::Text | Kind::Id | Kind::Whole | Kind::Truth | Kind::Json => {}
    }
}
