//! The e-mail addresses of an account, by its owner. Each is proven before it counts; each act is
//! told to who loses by it, and can be undone for seven days (docs/decisions/0140).

/// A further address.
pub mod add;
/// Another primary address in the place of the present one.
pub mod change;
/// What every act here does around its deed.
mod prove_and_undo;
/// Another of one's own becomes the primary one, or goes.
pub mod set_primary_or_remove;
/// Everything as it was before an act.
pub mod undo;

/// What is sealed beside their codes.
mod sealed_state;
/// Which addresses can not be the owner's yet.
pub(in crate::service::accounts) mod young_address;
