//! API keys: of one's own, of an organization, and as administrators handle them.

/// What administrators do with anybody's.
pub mod administer;
/// Those that are good in one organization alone.
pub mod of_organization;
/// One's own: listed, made, rotated, revoked.
pub mod own;
/// What a key may be.
pub mod rules;
