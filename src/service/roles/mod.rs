//! Roles: named sets of permissions, of the whole service or of one organization.

/// Roles that one organization makes.
pub mod own;
/// Roles of the service, and those that every organization has.
pub mod shared;
/// What a role may be.
pub mod terms;
