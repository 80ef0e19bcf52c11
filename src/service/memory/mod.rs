//! What each process remembers. It knows no act and no database.

pub(in crate::service) mod revoked;
pub(in crate::service) mod seen_generations;
