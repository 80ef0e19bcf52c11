//! Roles: named sets of permissions, of the whole service or of one organization.

/// Words that were held before they were refused.
pub mod obsolete_permissions;
/// Roles that one organization makes.
pub mod of_organization;
/// Roles of the service, and those that every organization has.
pub mod of_service;
/// What a role may be.
pub mod validate;
/// Writing a role, and removing one.
mod write;
