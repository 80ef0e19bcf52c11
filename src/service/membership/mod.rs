//! What somebody may do in an organization, and how a membership begins and ends.

/// What no API key gives.
pub(in crate::service) mod administering;
/// Begins and ends: an invitation accepted, a membership over.
pub(in crate::service) mod begin_end;
/// The end of an organization.
pub(in crate::service) mod dissolve;
/// Whether an invitation is good still.
pub mod inviter;
/// Who must stay: one owner.
pub(in crate::service) mod last_owner;
/// What the caller may do in an organization, by the database.
pub mod rights_of_caller;
