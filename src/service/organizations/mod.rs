//! Organizations: making them, who is in them. What somebody may do there, and that an owner stays, is
//! the part `membership`; what an organization is stands in `domain/organization.rs`.

/// Accepts an invitation.
pub mod accept;
/// What an administrator does to organizations.
pub mod administer;
/// Changes an organization: its name, and from when on it asks for a second factor.
pub mod change;
/// Changes a member: another role, suspended, taken back, removed; and leaving.
pub mod change_member;
/// Makes an organization.
pub mod create;
/// Deletes an organization.
pub mod delete;
/// Enters another of the caller's organizations.
pub mod enter;
/// Invites to an organization, and takes an invitation back.
pub mod invite;
/// Lists the caller's organizations, and who is in one.
pub mod list;
