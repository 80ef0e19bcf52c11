//! Haltian (seed H): a schema of its own, at `/v1/graphql`.

/// Its fields.
pub mod graphql;
/// Those of the organization that the caller is signed in to.
mod organization;
/// How it says no.
pub mod refusals;
