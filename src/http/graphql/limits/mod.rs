//! How large a document may be, and how much it may ask for.

/// What a look at the schema costs.
pub(in crate::http::graphql) mod introspection_cost;
/// How much one document may have carried out.
pub(in crate::http::graphql) mod root_fields;
/// How wide a document may be.
pub(in crate::http::graphql) mod width;
