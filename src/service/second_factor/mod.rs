//! Enrolling and removing a second factor, and its recovery codes.

/// Switches a factor on that waits.
pub mod confirm;
/// Begins to enrol one.
pub mod enrol;
/// What becomes of the session that switches it on or off.
pub mod own_session;
/// What must be typed to change it.
pub mod reauthenticate;
/// Makes recovery codes anew.
pub mod recovery_codes;
/// Takes it away.
pub mod remove;
