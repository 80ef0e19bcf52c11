//! What a look at the schema costs: how many values it comes to. The library walks over the schema
//! for each field that asks for a part of it, and its bounds count fields and not values.

use std::collections::HashMap;

use juniper::SchemaType;
use juniper::meta::{Field, MetaType};

use crate::http::graphql::document::Selection;

/// One value, so that halves and quarters of one can be counted.
const ONE: u64 = 256;

pub(in crate::http::graphql) type Fragments<'a, 'd> = HashMap<&'d str, &'a [Selection<'d>]>;

/// How large a schema is.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::http::graphql) struct Sizes {
    types: u64,
    fields: u64,
    /// Of the type that has most of them.
    most_fields: u64,
    /// How many fields the types of these fields have: of all of them, and of those of the one
    /// type that leads to the most for each of its own, with their count.
    below: u64,
    most_below: (u64, u64),
    /// The same of arguments.
    arguments: u64,
    most_arguments: (u64, u64),
    members: u64,
    most_members: u64,
    words: u64,
    most_words: u64,
    directives: u64,
    /// How many interfaces all objects name. So many possible types have the interfaces.
    interfaces: u64,
    most_interfaces: u64,
}

impl Sizes {
    pub(in crate::http::graphql) fn of<S>(schema: &SchemaType<S>) -> Self {
        let mut sizes = Self {
            directives: count(schema.directive_list().len()),
            ..Self::default()
        };
        for of in schema.concrete_type_list() {
            sizes.types += 1;
            match of {
                MetaType::Object(object) => {
                    let interfaces = count(object.interface_names.len());
                    sizes.interfaces += interfaces;
                    sizes.most_interfaces = sizes.most_interfaces.max(interfaces);
                    sizes.add_fields(schema, &object.fields);
                }
                MetaType::Interface(interface) => sizes.add_fields(schema, &interface.fields),
                MetaType::InputObject(input) => {
                    let members = count(input.input_fields.len());
                    sizes.members += members;
                    sizes.most_members = sizes.most_members.max(members);
                }
                MetaType::Enum(of) => {
                    let words = count(of.values.len());
                    sizes.words += words;
                    sizes.most_words = sizes.most_words.max(words);
                }
                _ => {}
            }
        }
        sizes
    }

    /// What an object or an interface has.
    fn add_fields<S>(&mut self, schema: &SchemaType<S>, of: &[Field<S>]) {
        let fields = count(of.len());
        self.fields += fields;
        self.most_fields = self.most_fields.max(fields);
        let each = of.iter();
        let below = each.map(|it| fields_of(schema, it.field_type.innermost_name()));
        let below = below.sum();
        self.below += below;
        self.most_below = larger(self.most_below, (below, fields));
        let each = of.iter().flat_map(|it| &it.arguments);
        let arguments = each.map(|it| count(it.len())).sum();
        self.arguments += arguments;
        self.most_arguments = larger(self.most_arguments, (arguments, fields));
    }

    /// How many values these fields come to, of one look.
    pub(in crate::http::graphql) fn cost(
        &self,
        of: &[Selection<'_>],
        fragments: &Fragments<'_, '_>,
    ) -> u64 {
        let whole = Reached {
            objects: ONE,
            by: By::Nothing,
        };
        self.below(of, fragments, whole) / ONE
    }

    /// The same of so many objects.
    fn below(&self, of: &[Selection<'_>], fragments: &Fragments<'_, '_>, reached: Reached) -> u64 {
        let each = of.iter().map(|selection| match selection {
            Selection::Field(field) => {
                let inner = self.each(field.name, reached);
                let below = self.below(&field.selections, fragments, inner);
                reached.objects.saturating_add(below)
            }
            Selection::Spread(name) => {
                let inner = fragments.get(name).copied().unwrap_or_default();
                self.below(inner, fragments, reached)
            }
            Selection::Inline(inner) => self.below(inner, fragments, reached),
        });
        each.fold(0, u64::saturating_add)
    }

    /// How many objects a field of so many objects leads to, as far as it is known without a
    /// walk.
    fn each(&self, name: &str, reached: Reached) -> Reached {
        let Reached { objects, by } = reached;
        let (all, among) = match (name, by) {
            ("types", _) => (self.types, 1),
            ("directives", _) => (self.directives, 1),
            ("fields", By::Nothing) if objects <= ONE => (self.most_fields, 1),
            ("fields", By::Nothing) => (self.fields, self.types),
            ("fields", By::FieldsOfOne) => self.most_below,
            ("fields", By::FieldsOfAll) => (self.below, self.fields),
            ("args", By::FieldsOfOne) => self.most_arguments,
            ("args", _) => (self.arguments, self.fields),
            ("inputFields", By::Nothing) if objects > ONE => (self.members, self.types),
            ("inputFields", _) => (self.most_members, 1),
            ("enumValues", By::Nothing) if objects > ONE => (self.words, self.types),
            ("enumValues", _) => (self.most_words, 1),
            ("interfaces" | "possibleTypes", By::Nothing) if objects > ONE => {
                (self.interfaces, self.types)
            }
            ("interfaces", _) => (self.most_interfaces, 1),
            ("possibleTypes", _) => (self.interfaces, 1),
            // Each second type is around another one.
            ("ofType", _) => (1, 2),
            _ => (1, 1),
        };
        let by = match (name, by) {
            ("fields", By::Nothing) if objects <= ONE => By::FieldsOfOne,
            ("fields", By::Nothing) => By::FieldsOfAll,
            _ => by,
        };
        Reached {
            objects: objects.saturating_mul(all) / among.max(1),
            by,
        }
    }
}

/// So many objects of the schema, and how one came to them.
#[derive(Clone, Copy)]
struct Reached {
    objects: u64,
    by: By,
}

/// Whether one came by way of fields: what they lead to is larger than types are otherwise.
#[derive(Clone, Copy)]
enum By {
    Nothing,
    FieldsOfOne,
    FieldsOfAll,
}

/// The larger one of two means, each a sum and of how many it is.
fn larger(one: (u64, u64), other: (u64, u64)) -> (u64, u64) {
    if other.0 * one.1.max(1) > one.0 * other.1.max(1) {
        other
    } else {
        one
    }
}

fn fields_of<S>(schema: &SchemaType<S>, name: &str) -> u64 {
    match schema.concrete_type_by_name(name) {
        Some(MetaType::Object(object)) => count(object.fields.len()),
        Some(MetaType::Interface(interface)) => count(interface.fields.len()),
        _ => 0,
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
