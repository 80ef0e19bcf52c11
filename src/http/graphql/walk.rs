//! What a look at the schema costs: how many values it comes to. The library walks over the schema
//! for each field that asks for a part of it, and its bounds count fields and not values.

use std::collections::HashMap;

use juniper::SchemaType;
use juniper::meta::MetaType;

use crate::http::graphql::document::Selection;

/// So many values may the looks of one document come to. graphql-js's own query comes to two
/// thirds of it.
pub(super) const MOST: u64 = 5_000;

/// One value, so that halves and quarters of one can be counted.
const ONE: u64 = 256;

pub(super) type Fragments<'a, 'd> = HashMap<&'d str, &'a [Selection<'d>]>;

/// How large a schema is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sizes {
    types: u64,
    fields: u64,
    /// Of the type that has most of them.
    most_fields: u64,
    arguments: u64,
    members: u64,
    words: u64,
    directives: u64,
}

impl Sizes {
    pub(super) fn of<S>(schema: &SchemaType<S>) -> Self {
        let mut sizes = Self {
            directives: count(schema.directive_list().len()),
            ..Self::default()
        };
        for of in schema.concrete_type_list() {
            sizes.types += 1;
            match of {
                MetaType::Object(object) => {
                    let fields = count(object.fields.len());
                    sizes.fields += fields;
                    sizes.most_fields = sizes.most_fields.max(fields);
                    let arguments = object.fields.iter().flat_map(|it| &it.arguments);
                    sizes.arguments += arguments.map(|it| count(it.len())).sum::<u64>();
                }
                MetaType::InputObject(input) => sizes.members += count(input.input_fields.len()),
                MetaType::Enum(words) => sizes.words += count(words.values.len()),
                _ => {}
            }
        }
        sizes
    }

    /// How many values these fields come to, of one look.
    pub(super) fn cost(&self, of: &[Selection<'_>], fragments: &Fragments<'_, '_>) -> u64 {
        self.below(of, fragments, ONE) / ONE
    }

    /// The same of so many objects.
    fn below(&self, of: &[Selection<'_>], fragments: &Fragments<'_, '_>, objects: u64) -> u64 {
        let each = of.iter().map(|selection| match selection {
            Selection::Field(field) => {
                let inner = self.each(field.name, objects);
                objects.saturating_add(self.below(&field.selections, fragments, inner))
            }
            Selection::Spread(name) => {
                let inner = fragments.get(name).copied().unwrap_or_default();
                self.below(inner, fragments, objects)
            }
            Selection::Inline(inner) => self.below(inner, fragments, objects),
        });
        each.fold(0, u64::saturating_add)
    }

    /// How many objects a field of so many objects leads to, as far as it is known without a
    /// walk.
    fn each(&self, name: &str, objects: u64) -> u64 {
        let (all, among) = match name {
            "types" => (self.types, 1),
            "directives" => (self.directives, 1),
            "fields" if objects <= ONE => (self.most_fields, 1),
            "fields" => (self.fields, self.types),
            "args" => (self.arguments, self.fields),
            "inputFields" => (self.members, self.types),
            "enumValues" => (self.words, self.types),
            // There is none.
            "interfaces" | "possibleTypes" => (0, 1),
            // Each second type is around another one.
            "ofType" => (1, 2),
            _ => (1, 1),
        };
        objects.saturating_mul(all) / among.max(1)
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
