//! Roles: named sets of permissions, of the whole service or of one organization.

/// Roles that one organization makes.
pub mod own;
/// Roles of the service, and those that every organization has.
pub mod shared;
/// Words that were held before they were refused.
pub mod stray;
/// What a role may be.
pub mod terms;
