//! Propeller (seed P): sessions and users, as its GraphQL speaks of them.

/// Its fields of `/graphql`.
pub mod graphql;
/// How it says no.
mod refusals;
/// The types of its fields.
mod types;
