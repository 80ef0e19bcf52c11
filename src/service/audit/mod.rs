//! The audit log: reading it, and the chain that shows whether it is whole
//! (docs/decisions/0105).

/// What the seals and the record of the chain are digests of.
mod chain;
/// Events with their seals, for other systems.
pub mod export;
/// The last events that fit.
pub mod list;
/// Deleting what is old, so that the chain goes on.
pub mod purge;
/// Sealing what happened.
pub mod seal;
/// Whether nothing was removed, altered or put in.
pub mod verify;

pub use chain::Head;
