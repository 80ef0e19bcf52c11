//! Every limit of a document, in the order in which they are asked: what it is made of before it is
//! read (tokens, depth), how wide it is before it is validated, and what it would have carried out
//! before it is. `docs/DIALECTS.md` tells clients of them.

/// What a look at the schema costs.
pub(super) mod introspection_cost;
/// How much one document may have carried out.
pub(super) mod root_fields;
/// How wide a document may be.
pub(super) mod width;

pub(super) const MOST_TOKENS: usize = 2000;

/// As deep as graphql-js's own introspection query goes.
pub(super) const DEEPEST: usize = 20;

/// So many fields, wherever they stand: the library counts them.
pub(super) const MOST_FIELDS: usize = 300;

const MOST_FRAGMENTS: usize = 16;

/// So many times a fragment is spread.
const MOST_SPREADS: usize = 64;

/// So many fields have the name of one before them, in the same selection.
const MOST_REPEATED: usize = 32;

/// So many fields of a root that call an act.
const MOST_ACTS: usize = 16;

/// So deep may the lists of the schema stand in each other: a type has fields, whose types have
/// fields, and a tool asks for no third. graphql-js draws the same line.
const DEEPEST_WALK: usize = 2;

/// So many walks over the schema: tools ask for one, or for a type beside it.
const MOST_WALKS: usize = 2;

/// So many values may the looks at the schema of one document come to. graphql-js's own query comes
/// to four fifths of it.
const MOST_VALUES: u64 = 6_000;
