//! Invitations to the service, and what those to organizations have in common with them: an
//! invitation is an address's. No account is made before somebody accepts it.

/// Whoever reads the mail accepts.
pub mod accept;
/// The letter with the code.
pub(in crate::service) mod letter;
/// Administrators invite to the service.
pub mod to_service;
