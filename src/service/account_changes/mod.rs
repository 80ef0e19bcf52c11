//! Part: what acts of several nouns change in an account.

/// What a stranger left behind.
pub(in crate::service) mod empty_for_true_owner;
/// One session, by hand.
pub(in crate::service) mod end_session;
/// A password that somebody chooses.
pub(in crate::service) mod hash_chosen_password;
/// Whether an account can hold one more role.
pub(in crate::service) mod room_for_role;
/// Another password, and the end of what the old one opened.
pub(in crate::service) mod set_password;
